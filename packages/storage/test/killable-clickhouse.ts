import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort, waitFor } from '@everflame/testkit';
import { ClickHouse, type ClickHouseOptions } from '../src/index.ts';

const MAIN = fileURLToPath(new URL('../../embedded-clickhouse/dist/main.js', import.meta.url));
const PASSWORD = 'secret';
const RENAMES = 'rename,renameat,renameat2';

/** An embedded ClickHouse in a process of its own, on a folder that outlives it. */
export class KillableClickHouse {
  readonly options: ClickHouseOptions;
  readonly #port: number;
  readonly #folder = mkdtempSync(join(tmpdir(), 'everflame-killed-'));
  #server: ChildProcess | undefined;

  private constructor(port: number, database: string) {
    this.#port = port;
    this.options = {
      url: `http://127.0.0.1:${port}`,
      database,
      password: PASSWORD,
      requestTimeoutMs: 30_000,
    };
  }

  /** On an empty folder, or on what the archive of one holds. */
  static async start(database = 'killed', archive?: string): Promise<KillableClickHouse> {
    if (!existsSync(MAIN)) throw new Error('packages/embedded-clickhouse is not built: run `npm run build`.');
    const clickhouse = new KillableClickHouse(await freePort(), database);
    const dataFolder = join(clickhouse.#folder, 'data');
    mkdirSync(dataFolder);
    if (archive !== undefined) execFileSync('tar', ['-xzf', archive, '-C', dataFolder]);
    await clickhouse.restart();
    return clickhouse;
  }

  /** Starts it on the same folder once it was killed. */
  async restart(): Promise<void> {
    this.#server = spawn(process.execPath, [MAIN], {
      env: {
        ...process.env,
        CLICKHOUSE_EMBEDDED_DATA_DIR: join(this.#folder, 'data'),
        CLICKHOUSE_EMBEDDED_PASSWORD: PASSWORD,
        CLICKHOUSE_EMBEDDED_PORT: String(this.#port),
        UV_THREADPOOL_SIZE: '8',
      },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    await waitFor(async () => (await fetch(`${this.options.url}/ping`)).ok, { what: 'ClickHouse to answer' });
  }

  /**
   * Runs `work`, and kills the server when one of its threads is about to rename something for the `nth` time during the
   * given statement that writes; both count from 1. Answers what would have been renamed, and undefined where `work`
   * ended before that; whatever else it throws is thrown.
   */
  async killAtRename(
    at: { readonly statement: number; readonly rename: number },
    work: (clickhouse: ClickHouse) => Promise<unknown>,
  ): Promise<string | undefined> {
    const log = join(this.#folder, 'strace');
    let written = 0;
    let tracer: ChildProcess | undefined;
    const clickhouse = new WatchedClickHouse(this.options, async (write) => {
      written += 1;
      if (written !== at.statement) return write();
      tracer = await attach(this.#running(), log, at.rename);
      const gone = once(tracer, 'exit');
      await write();
      tracer.kill('SIGINT');
      await gone;
      tracer = undefined;
    });
    try {
      await work(clickhouse);
      return undefined;
    } catch (error) {
      if (tracer === undefined) throw error;
      const server = this.#running();
      const killed = waitFor(() => server.signalCode === 'SIGKILL', { what: 'ClickHouse to be killed' });
      await killed.catch(() => {
        throw error;
      });
    } finally {
      await clickhouse.close();
    }
    const last = tracer;
    await waitFor(() => last?.exitCode !== null || last.signalCode !== null, { what: 'strace to end' });
    const renames = [...readFileSync(log, 'utf8').matchAll(/rename\w*\((?:AT_FDCWD, )?"([^"]*)"/g)];
    return renames.at(-1)?.[1] ?? '';
  }

  #running(): ChildProcess {
    if (this.#server === undefined) throw new Error('It is not started.');
    return this.#server;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    if (server !== undefined && server.exitCode === null && server.signalCode === null) {
      const exit = once(server, 'exit');
      server.kill('SIGKILL');
      await exit;
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Has every statement that writes run by `around`. */
class WatchedClickHouse extends ClickHouse {
  readonly #around: (write: () => Promise<void>) => Promise<void>;

  constructor(options: ClickHouseOptions, around: (write: () => Promise<void>) => Promise<void>) {
    super(options);
    this.#around = around;
  }

  override insertNative(...args: Parameters<ClickHouse['insertNative']>): Promise<void> {
    return this.#around(() => super.insertNative(...args));
  }

  override command(...args: Parameters<ClickHouse['command']>): Promise<void> {
    return this.#around(() => super.command(...args));
  }
}

/** Resolves when strace has the process and all of its threads. */
async function attach(server: ChildProcess, log: string, nth: number): Promise<ChildProcess> {
  const kill = `inject=${RENAMES}:signal=KILL:when=${nth}`;
  const args = ['-f', '-p', String(server.pid), '-o', log, '-e', `trace=${RENAMES}`, '-e', kill];
  const tracer = spawn('strace', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  tracer.stderr.on('data', (chunk: Buffer) => (said += chunk.toString('utf8')));
  await waitFor(() => said.includes(' attached') || tracer.exitCode !== null, { what: 'strace to attach' });
  if (!said.includes(' attached')) throw new Error(`strace: ${said}`);
  return tracer;
}
