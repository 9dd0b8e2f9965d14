import { type ChildProcess, fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { CLICKHOUSE_CREDENTIALS } from './credentials.ts';

const TICKS_PER_SECOND = 100;
const PAGE_BYTES = 4096;
const START_MS = 60_000;
const STOP_MS = 20_000;

/** A program of this repository in a process of its own. */
export class BenchProcess {
  readonly name: string;
  readonly child: ChildProcess;
  #output = '';

  private constructor(name: string, child: ChildProcess) {
    this.name = name;
    this.child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => (this.#output = (this.#output + chunk.toString()).slice(-4000)));
    }
  }

  /** Starts `entry`, a compiled file, and waits for its message that it is ready, or until `pingUrl` answers. */
  static async start(
    name: string,
    entry: string,
    env: Readonly<Record<string, string>>,
    { args = [], pingUrl }: { readonly args?: readonly string[]; readonly pingUrl?: string } = {},
  ): Promise<BenchProcess> {
    const path = fileURLToPath(new URL(`../../../${entry}`, import.meta.url));
    const child = fork(path, [...args], {
      env: { ...process.env, ...CLICKHOUSE_CREDENTIALS, ...env },
      execArgv: [],
      silent: true,
    });
    const started = new BenchProcess(name, child);
    const kill = (): void => void child.kill('SIGKILL');
    process.once('exit', kill);
    child.once('exit', () => process.off('exit', kill));
    await (pingUrl === undefined ? started.message() : untilAnswering(pingUrl));
    return started;
  }

  /** CPU seconds it has used, in all of its threads. */
  get cpuSeconds(): number {
    return cpuSecondsOf(`/proc/${this.child.pid}/stat`);
  }

  /** CPU seconds that its first thread has used. */
  get mainThreadCpuSeconds(): number {
    return cpuSecondsOf(`/proc/${this.child.pid}/task/${this.child.pid}/stat`);
  }

  get rssBytes(): number {
    return Number(readFileSync(`/proc/${this.child.pid}/statm`, 'utf8').split(' ')[1]) * PAGE_BYTES;
  }

  /** The last of what it printed. */
  get output(): string {
    return this.#output;
  }

  /** The next message that it sends; throws when it ends before. */
  message<T>(): Promise<T> {
    return new Promise((resolve, reject) => {
      const onExit = (code: number | null): void =>
        reject(new Error(`${this.name} ended with ${code}:\n${this.#output}`));
      this.child.once('exit', onExit);
      this.child.once('message', (message) => {
        this.child.off('exit', onExit);
        resolve(message as T);
      });
    });
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null) return;
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    const timer = setTimeout(() => this.child.kill('SIGKILL'), STOP_MS);
    this.child.kill('SIGTERM');
    await ended;
    clearTimeout(timer);
  }
}

function cpuSecondsOf(path: string): number {
  const fields = readFileSync(path, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

async function untilAnswering(url: string): Promise<void> {
  for (const deadline = performance.now() + START_MS; performance.now() < deadline;) {
    const answer = await fetch(url).catch(() => undefined);
    if (answer?.ok === true) return;
    await sleep(50);
  }
  throw new Error(`${url} does not answer.`);
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('There is no free port.');
  return address.port;
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
