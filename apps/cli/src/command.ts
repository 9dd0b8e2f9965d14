import { parseArgs, type ParseArgsConfig } from 'node:util';
import { CommandFailure, EXIT, type ExitCode } from './exit.ts';

type Options = NonNullable<ParseArgsConfig['options']>;
type Values<O extends Options> = ReturnType<
  typeof parseArgs<{ options: O & { help: { type: 'boolean' } }; allowPositionals: true; strict: true }>
>['values'];

interface CommandSpec<O extends Options, T> {
  readonly name: string;
  /** What `--help` shows. */
  readonly help: string;
  readonly options: O;
  /** Makes sense of the arguments. Throws `CommandFailure` (2) with one sentence where they make none. */
  readonly read: (values: Values<O>, positionals: readonly string[]) => T;
  readonly run: (asked: T) => Promise<ExitCode>;
}

/** A command of the command line, such as `everflame push`. */
export interface Command<T = unknown> {
  /** Reads the arguments after its name; null where they ask for help. Throws `CommandFailure` (2). */
  readonly parse: (args: readonly string[]) => T | null;
  /** Does what the arguments ask for. */
  readonly start: (args: readonly string[]) => Promise<ExitCode>;
}

export function defineCommand<const O extends Options, T>(spec: CommandSpec<O, T>): Command<T> {
  const { name, help, read, run } = spec;
  const options = { ...spec.options, help: { type: 'boolean', short: 'h' } } as const;
  const parse = (args: readonly string[]): T | null => {
    const { values, positionals } = split(name, () =>
      parseArgs({ args: [...args], options, allowPositionals: true, strict: true }),
    );
    const known = values as Values<O> & { readonly help?: boolean };
    return known.help === true ? null : read(known, positionals);
  };
  return {
    parse,
    start: (args) => {
      const asked = parse(args);
      if (asked !== null) return run(asked);
      process.stdout.write(help);
      return Promise.resolve(EXIT.ok);
    },
  };
}

/** The option of commands that ask the query API. */
export const QUERY_ADDRESS = { type: 'string', default: 'http://127.0.0.1:4040' } as const;

/** Returns the address of the query API. */
export function readQueryAddress(address: string): string {
  if (!URL.canParse(address)) throw usageFailure(`"${address}" is not an address.`, QUERY_ADDRESS.default);
  return address;
}

/** Returns the one argument that is no option. */
export function readOnly(positionals: readonly string[], what: string, example: string): string {
  const [only, ...more] = positionals;
  if (only !== undefined && more.length === 0) return only;
  throw usageFailure(`${what}; ${positionals.length} were given.`, example);
}

export function usageFailure(sentence: string, example: string): CommandFailure {
  return new CommandFailure(EXIT.invalidSettings, `${sentence} Try: ${example}`);
}

function split<T>(name: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    const reason = error instanceof Error ? (error.message.split('. ', 1)[0] ?? '') : String(error);
    throw usageFailure(`everflame ${name}: ${reason}.`, `everflame ${name} --help`);
  }
}
