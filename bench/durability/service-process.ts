import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { waitFor } from '@everflame/testkit';
import { CLICKHOUSE_CREDENTIALS } from '../load/credentials.ts';

const ROOT = fileURLToPath(
  new URL(import.meta.url.includes('/dist/') ? '../../../' : '../../', import.meta.url),
);
const KEPT_OUTPUT_BYTES = 64 * 1024;

/** A service of ours as a process of its own, from its compiled files. It ends with this process. */
export class ServiceProcess {
  readonly #main: string;
  readonly #env: Readonly<Record<string, string>>;
  readonly #readyUrl: string;
  #child: ChildProcess | undefined;
  #output = '';

  /** `folder` is the workspace, such as `services/ingest`; it is ready when `readyUrl` answers 200. */
  constructor(folder: string, env: Readonly<Record<string, string>>, readyUrl: string) {
    this.#main = `${ROOT}${folder}/dist/main.js`;
    this.#env = env;
    this.#readyUrl = readyUrl;
    if (!existsSync(this.#main)) throw new Error(`${folder} is not built: run \`npm run build\` first.`);
  }

  /** The last of what it wrote. */
  get output(): string {
    return this.#output;
  }

  get pid(): number {
    return this.#child?.pid ?? -1;
  }

  get isRunning(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Starts it without waiting. */
  launch(): void {
    const child = spawn(process.execPath, [this.#main], {
      env: { ...process.env, ...CLICKHOUSE_CREDENTIALS, ...this.#env },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.#output = (this.#output + chunk.toString('utf8')).slice(-KEPT_OUTPUT_BYTES);
      });
    }
    this.#child = child;
  }

  async start(): Promise<void> {
    this.launch();
    await this.ready();
  }

  /** Throws when it ends before it is ready. */
  async ready(): Promise<void> {
    let hasEnded = false;
    await waitFor(
      async () => {
        hasEnded = !this.isRunning;
        return hasEnded || (await fetch(this.#readyUrl, { signal: AbortSignal.timeout(3000) })).ok;
      },
      { what: `${this.#readyUrl} to answer`, timeoutMs: 60_000 },
    );
    if (hasEnded) throw new Error(`The process ended before it was ready:\n${this.#output}`);
  }

  /** kill -9; resolves when it is gone. */
  kill(): Promise<void> {
    return this.#end('SIGKILL');
  }

  async stop(): Promise<void> {
    await this.#end('SIGTERM');
  }

  /** Resolves with the exit code when it ends by itself. */
  async ended(): Promise<number | null> {
    const child = this.#child;
    if (child !== undefined && this.isRunning) await once(child, 'exit');
    return child?.exitCode ?? null;
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (child === undefined || !this.isRunning) return;
    const exit = once(child, 'exit');
    child.kill(signal);
    await exit;
  }
}
