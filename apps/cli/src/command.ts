import { parseArgs } from 'node:util';
import { CommandFailure, EXIT } from './exit.ts';

/** What `everflame push` was asked to send. */
export interface PushCommand {
  readonly kind: 'push';
  readonly file: string;
  readonly address: string;
  readonly profileName: string;
  /** Label names and values, `service_name` first. */
  readonly labels: readonly (readonly [name: string, value: string])[];
}

/** What `everflame delete` was asked to remove. */
export interface DeleteCommand {
  readonly kind: 'delete';
  readonly selector: string;
  /** Unix ms, RFC 3339 or relative, as the API takes them. */
  readonly from: string;
  readonly to: string;
  /** Base of the query API. */
  readonly address: string;
  /** Not to be asked. */
  readonly isConfirmed: boolean;
}

/** What `everflame doctor` was asked to look at. */
export interface DoctorCommand {
  readonly kind: 'doctor';
  readonly selector: string;
  /** Unix ms, RFC 3339 or relative, as the API takes them. */
  readonly from: string;
  readonly to: string;
  /** Base of the query API. */
  readonly address: string;
  /** Stores again what another service has. */
  readonly repairs: boolean;
  readonly isJson: boolean;
}

export type Command =
  | PushCommand
  | DeleteCommand
  | DoctorCommand
  | { readonly kind: 'up' }
  | { readonly kind: 'help'; readonly topic: 'everflame' | 'up' | 'push' | 'delete' | 'doctor' };

const DEFAULT_INGEST_ADDRESS = '127.0.0.1:4042';
const DEFAULT_QUERY_ADDRESS = 'http://127.0.0.1:4040';

/** Reads the arguments after `everflame`. Throws `CommandFailure` (2) with one sentence when they make no sense. */
export function parseCommand(args: readonly string[]): Command {
  const [name, ...rest] = args;
  switch (name) {
    case undefined:
    case 'help':
    case '--help':
    case '-h':
      return { kind: 'help', topic: 'everflame' };
    case 'up':
      return parseUp(rest);
    case 'push':
      return parsePush(rest);
    case 'delete':
      return parseDelete(rest);
    case 'doctor':
      return parseDoctor(rest);
    default:
      throw usage(
        `There is no command "${name}". The commands are up, push, delete and doctor.`,
        'everflame --help',
      );
  }
}

function parseUp(args: string[]): Command {
  const { values } = parse('up', () =>
    parseArgs({ args, options: { help: { type: 'boolean', short: 'h' } }, strict: true }),
  );
  return values.help === true ? { kind: 'help', topic: 'up' } : { kind: 'up' };
}

function parsePush(args: string[]): Command {
  const { values, positionals } = parse('push', () =>
    parseArgs({
      args,
      allowPositionals: true,
      strict: true,
      options: {
        help: { type: 'boolean', short: 'h' },
        service: { type: 'string' },
        label: { type: 'string', multiple: true, default: [] },
        name: { type: 'string', default: '' },
        address: { type: 'string', default: DEFAULT_INGEST_ADDRESS },
      },
    }),
  );
  if (values.help === true) return { kind: 'help', topic: 'push' };
  const [file, ...more] = positionals;
  if (file === undefined || more.length > 0) {
    throw usage(
      `push takes one pprof file; ${positionals.length} were given.`,
      'everflame push cpu.pb.gz --service checkout',
    );
  }
  if (values.service === undefined || values.service === '') {
    throw usage('push needs --service.', 'everflame push cpu.pb.gz --service checkout');
  }
  const labels = [['service_name', values.service] as const, ...values.label.map(parseLabel)];
  return { kind: 'push', file, address: values.address, profileName: values.name, labels };
}

function parseDelete(args: string[]): Command {
  const { values, positionals } = parse('delete', () =>
    parseArgs({
      args,
      allowPositionals: true,
      strict: true,
      options: {
        help: { type: 'boolean', short: 'h' },
        from: { type: 'string', default: '' },
        to: { type: 'string', default: '' },
        yes: { type: 'boolean', default: false },
        address: { type: 'string', default: DEFAULT_QUERY_ADDRESS },
      },
    }),
  );
  if (values.help === true) return { kind: 'help', topic: 'delete' };
  const example = `everflame delete '{service_name="checkout"}' --from now-7d --to now`;
  const [selector, ...more] = positionals;
  if (selector === undefined || more.length > 0) {
    throw usage(`delete takes one selector; ${positionals.length} were given.`, example);
  }
  const { from, to, address, yes } = values;
  if (from === '' || to === '') throw usage('delete needs --from and --to.', example);
  if (!URL.canParse(address)) throw usage(`"${address}" is not an address.`, DEFAULT_QUERY_ADDRESS);
  return { kind: 'delete', selector, from, to, address, isConfirmed: yes };
}

function parseDoctor(args: string[]): Command {
  const { values, positionals } = parse('doctor', () =>
    parseArgs({
      args,
      allowPositionals: true,
      strict: true,
      options: {
        help: { type: 'boolean', short: 'h' },
        from: { type: 'string', default: 'now-14d' },
        to: { type: 'string', default: 'now' },
        repair: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        address: { type: 'string', default: DEFAULT_QUERY_ADDRESS },
      },
    }),
  );
  if (values.help === true) return { kind: 'help', topic: 'doctor' };
  const [selector = '{}', ...more] = positionals;
  if (more.length > 0) {
    throw usage(
      `doctor takes one selector; ${positionals.length} were given.`,
      `everflame doctor '{service_name="checkout"}' --from now-1d`,
    );
  }
  const { from, to, address, repair, json } = values;
  if (!URL.canParse(address)) throw usage(`"${address}" is not an address.`, DEFAULT_QUERY_ADDRESS);
  return { kind: 'doctor', selector, from, to, address, repairs: repair, isJson: json };
}

function parseLabel(text: string): readonly [string, string] {
  const at = text.indexOf('=');
  if (at < 1) throw usage(`"${text}" is not a label.`, '--label version=2.41');
  return [text.slice(0, at), text.slice(at + 1)];
}

function parse<T>(command: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    const reason = error instanceof Error ? (error.message.split('. ', 1)[0] ?? '') : String(error);
    throw usage(`everflame ${command}: ${reason}.`, `everflame ${command} --help`);
  }
}

function usage(sentence: string, example: string): CommandFailure {
  return new CommandFailure(EXIT.invalidSettings, `${sentence} Try: ${example}`);
}
