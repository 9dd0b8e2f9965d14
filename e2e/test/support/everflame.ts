import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort, waitFor } from '@everflame/testkit';

export const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const READY = /Everflame is ready: (http:\/\/\S+)/;
const START_TIMEOUT_MS = 120_000;

/** A whole Everflame on free ports and a data folder of its own, started as `npm start` does. */
export class Everflame {
  readonly folder = mkdtempSync(join(tmpdir(), 'everflame-e2e-'));
  readonly ports = {} as Record<PortName, number>;
  url = '';
  output = '';
  #process: ChildProcess | undefined;
  readonly #settings: Readonly<Record<string, string>>;

  private constructor(settings: Readonly<Record<string, string>>) {
    this.#settings = settings;
  }

  /** `settings` are further environment variables. */
  static async create(yaml = '', settings: Readonly<Record<string, string>> = {}): Promise<Everflame> {
    const everflame = new Everflame(settings);
    for (const name of PORT_NAMES) everflame.ports[name] = await freePort();
    everflame.configure(yaml);
    return everflame;
  }

  /** Replaces everflame.yaml; takes effect at the next start. */
  configure(yaml: string): void {
    writeFileSync(join(this.folder, 'everflame.yaml'), yaml);
  }

  /** Starts and waits for the line that says that it is ready. */
  async start(): Promise<void> {
    this.launch();
    await this.ready();
  }

  /** Starts and waits for nothing. */
  launch(): void {
    const main = join(ROOT, 'apps/cli/dist/main.js');
    if (!existsSync(main)) throw new Error('Everflame is not built: run `npm run build` first.');
    this.output = '';
    const child = spawn(process.execPath, [main, 'up'], {
      cwd: this.folder,
      env: { ...process.env, ...this.#env() },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#process = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => (this.output += chunk.toString('utf8')));
    }
  }

  /** Waits for the line that says that it is ready. */
  async ready(): Promise<void> {
    await waitFor(() => READY.test(this.output) || this.exitCode !== null, {
      timeoutMs: START_TIMEOUT_MS,
      what: 'Everflame to be ready',
    });
    if (this.exitCode !== null) throw new Error(`Everflame ended with ${this.exitCode}:\n${this.output}`);
    this.url = READY.exec(this.output)?.[1] ?? '';
  }

  /** Nothing while the command runs. */
  get exitCode(): number | null {
    return this.#process?.exitCode ?? null;
  }

  /** The pid of the process whose command line has `part` in it; of what runs under a guard, not that of the guard. */
  pidOf(part: string): Promise<number> {
    return waitFor(
      () => {
        const found = this.processes().find((pid) => commandOf(pid).includes(part));
        return found !== undefined && commandOf(found).includes('guard.mjs') ? childOf(found) : found;
      },
      { what: `a process ${part}` },
    );
  }

  get pid(): number {
    return this.#process?.pid ?? -1;
  }

  get ingestAddress(): string {
    return `127.0.0.1:${this.ports.INGEST_GRPC_PORT}`;
  }

  /** Waits until everything that ingest has acknowledged by now can be queried. */
  async settled(): Promise<void> {
    const since = Date.now();
    await waitFor(
      async () => {
        const response = await fetch(`http://127.0.0.1:${this.ports.INGEST_HTTP_PORT}/metrics`);
        const oldest = /^everflame_ingest_spool_oldest_seconds\S* (\S+)/m.exec(await response.text())?.[1];
        return oldest !== undefined && Number(oldest) * 1000 < Date.now() - since;
      },
      { what: 'what was acknowledged to be stored' },
    );
  }

  /** Ends it as Ctrl-C does and waits until it is gone. */
  async stop(): Promise<number | null> {
    const child = this.#process;
    if (child === undefined || child.exitCode !== null) return child?.exitCode ?? null;
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
    child.kill('SIGINT');
    return ended;
  }

  /** kill -9 of every process of this instance, the parent last found first. */
  async killEverything(): Promise<void> {
    const pids = this.processes();
    for (const pid of pids) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It ended by itself in between.
      }
    }
    await waitFor(() => Promise.resolve(this.processes().length === 0), { what: 'all processes to be gone' });
  }

  /** Pids of the parent and everything that it started, found by the data folder or ports in their environment. */
  processes(): number[] {
    const marker = `EVERFLAME_DATA_DIR=${this.dataDir}`;
    const pids: number[] = [];
    for (const entry of readdirSync('/proc')) {
      if (!/^\d+$/.test(entry)) continue;
      try {
        const state = /^State:\s+(\S)/m.exec(readFileSync(`/proc/${entry}/status`, 'utf8'))?.[1];
        if (state !== 'Z' && readFileSync(`/proc/${entry}/environ`, 'utf8').includes(marker))
          pids.push(Number(entry));
      } catch {
        // Not ours, or gone.
      }
    }
    return pids;
  }

  get dataDir(): string {
    return join(this.folder, 'data');
  }

  /** Stops and removes everything it wrote. */
  async dispose(): Promise<void> {
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** GET of the API; throws on anything but 200. */
  async json<T>(path: string, params: Record<string, string> = {}): Promise<T> {
    const response = await this.get(path, params);
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  }

  async text(path: string, params: Record<string, string> = {}): Promise<string> {
    const response = await this.get(path, params);
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response.text();
  }

  get(path: string, params: Record<string, string> = {}): Promise<Response> {
    return fetch(`${this.url}/api/v1/${path}?${new URLSearchParams(params).toString()}`);
  }

  /** Whether a service of this name can do its work. */
  async isReady(service: string): Promise<boolean> {
    const name = service.toUpperCase();
    const port = Object.entries(this.ports).find(
      ([key]) => key === `${name}_PORT` || key === `${name}_HTTP_PORT`,
    );
    return (await fetch(`http://127.0.0.1:${port?.[1]}/readyz`)).ok;
  }

  /** Last lines of a service's log. */
  log(name: string, lines = 30): string {
    const file = join(this.dataDir, 'logs', `${name}.log`);
    return existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(-lines).join('\n') : '(no log)';
  }

  #env(): Record<string, string> {
    const ports = Object.fromEntries(PORT_NAMES.map((name) => [name, String(this.ports[name])]));
    return {
      ...ports,
      ...this.#settings,
      EVERFLAME_DATA_DIR: this.dataDir,
      EVERFLAME_CONFIG: join(this.folder, 'everflame.yaml'),
    };
  }
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

/** A child of a process; redis-server for one overwrites the environment by which others are found. */
function childOf(parent: number): number | undefined {
  const pids = readdirSync('/proc').filter((entry) => /^\d+$/.test(entry));
  return pids.map(Number).find((pid) => {
    try {
      return readFileSync(`/proc/${pid}/status`, 'utf8').includes(`\nPPid:\t${parent}\n`);
    } catch {
      return false;
    }
  });
}

const PORT_NAMES = [
  'QUERY_PORT',
  'INGEST_HTTP_PORT',
  'INGEST_GRPC_PORT',
  'SCRAPER_PORT',
  'ALERTER_PORT',
  'CLICKHOUSE_EMBEDDED_PORT',
  'EVERFLAME_REDIS_PORT',
] as const;
type PortName = (typeof PORT_NAMES)[number];
