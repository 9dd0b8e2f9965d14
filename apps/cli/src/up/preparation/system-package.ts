import { spawn, spawnSync } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** A package under the names that the package managers know it by. */
export interface SystemPackage {
  /** Programs of which one is enough. */
  readonly programs: readonly string[];
  readonly apt: string;
  readonly brew: string;
}

export const REDIS: SystemPackage = { programs: ['redis-server'], apt: 'redis-server', brew: 'redis' };

/** Path of the first of `programs` on the PATH. */
export function findProgram(
  programs: readonly string[],
  path: string | undefined = process.env['PATH'],
): string | undefined {
  for (const program of programs) {
    for (const folder of (path ?? '').split(delimiter)) {
      const candidate = join(folder, program);
      if (folder !== '' && isExecutable(candidate)) return candidate;
    }
  }
  return undefined;
}

/**
 * Installs a package with apt-get (as root, or by sudo where that asks for no password) or brew, within `timeoutMs`.
 * Resolves to why it could not, in a few words. `onStart` is told when there is a way to, `onOutput` gets the lines that the package manager prints.
 */
export async function installPackage(
  wanted: SystemPackage,
  options: { timeoutMs: number; onStart?: () => void; onOutput?: (line: string) => void },
): Promise<string | undefined> {
  const commands = installCommands(wanted);
  if (typeof commands === 'string') return commands;
  options.onStart?.();
  const signal = AbortSignal.timeout(options.timeoutMs);
  let lastLine = '';
  for (const command of commands) {
    const outcome = await run(command, signal, (line) => {
      lastLine = line;
      options.onOutput?.(line);
    });
    if (signal.aborted) return `${command[0]} took longer than ${options.timeoutMs / 1000} s`;
    const isLast = command === commands.at(-1);
    if (outcome !== 0 && isLast) return `${command.join(' ')} failed: ${lastLine}`;
  }
  const isThere = findProgram(wanted.programs) !== undefined;
  return isThere ? undefined : `${wanted.programs.join(' or ')} is still not on the PATH`;
}

/** The commands to run one after the other, or why there are none. */
function installCommands(wanted: SystemPackage): string[][] | string {
  if (findProgram(['apt-get'])) {
    const prefix = aptPrefix();
    if (prefix === undefined) return 'apt-get needs root, and sudo asks for a password';
    const aptGet = [...prefix, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get'];
    return [
      [...aptGet, 'update'],
      [...aptGet, 'install', '-y', '--no-install-recommends', wanted.apt],
    ];
  }
  if (findProgram(['brew'])) return [['brew', 'install', wanted.brew]];
  return 'neither apt-get nor brew is here';
}

function aptPrefix(): string[] | undefined {
  if (process.getuid?.() === 0) return [];
  const mayUseSudo = spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore', timeout: 5000 }).status === 0;
  return mayUseSudo ? ['sudo', '-n'] : undefined;
}

function run(
  command: readonly string[],
  signal: AbortSignal,
  onLine: (line: string) => void,
): Promise<number | null> {
  const [program = '', ...args] = command;
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], signal });
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        for (const line of text.split('\n')) if (line.trim() !== '') onLine(line.trim());
      });
    }
    child.once('error', () => resolve(null));
    child.once('close', resolve);
  });
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
