import { type Command, usageFailure } from '../command.ts';

interface CommandEntry {
  /** One line for the list of commands. */
  readonly summary: string;
  /** Each command has a file of its own, which is loaded when it is called. */
  readonly load: () => Promise<{ readonly command: Command }>;
}

/** Every command, in the order of `everflame --help`. */
const COMMANDS: Readonly<Record<string, CommandEntry>> = {
  up: { summary: 'start everything on this machine and keep it running', load: () => import('./up.ts') },
  push: { summary: 'send one pprof file', load: () => import('./push.ts') },
  delete: { summary: 'remove stored profiles', load: () => import('./delete.ts') },
  doctor: { summary: 'find profiles whose stacks are lost', load: () => import('./doctor.ts') },
};

/** Returns the command of that name. Throws `CommandFailure` (2) where there is none. */
export async function loadCommand(name: string): Promise<Command> {
  const entry = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (entry) return (await entry.load()).command;
  const names = Object.keys(COMMANDS);
  throw usageFailure(
    `There is no command "${name}". The commands are ${names.slice(0, -1).join(', ')} and ${names.at(-1)}.`,
    'everflame --help',
  );
}

/** Returns the text of `everflame --help`. */
export function listCommands(): string {
  const lines = Object.entries(COMMANDS).map(
    ([name, { summary }]) => `  everflame ${name.padEnd(6)}  ${summary}\n`,
  );
  return `everflame: continuous profiling for a whole fleet

${lines.join('')}
Add --help to a command to read more. --version says which version this is.
`;
}
