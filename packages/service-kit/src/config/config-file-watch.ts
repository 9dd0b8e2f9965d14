import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EverflameFile } from '@everflame/contract';
import { Gauge, type Registry } from 'prom-client';
import type { Logger } from '../logging.ts';
import type { ReadinessCheck } from '../service/health.ts';
import { InvalidConfigError } from './env.ts';
import { Repeating } from '../process/repeating.ts';
import { parseEverflameFile, readConfigBytes } from './everflame-file.ts';

const POLL_MS = 2000;
/** An editor that empties the file before it writes is done by then. */
const SETTLE_MS = 100;

type Apply = (file: EverflameFile) => void;

/**
 * `everflame.yaml` as it is in effect. A file that changes takes effect without a restart; one that is wrong leaves what
 * was before it in effect and says so. It is read every 2 s and at SIGHUP: what editors, renames and mounted
 * directories do to a file, no notification of the system tells of them all.
 */
export class ConfigFileWatch {
  /** Met also while the file is wrong; then its remark is the problems. */
  readonly check: ReadinessCheck = { name: 'config', check: () => Promise.resolve(this.#remark()) };
  readonly #path: string | undefined;
  readonly #logger: Logger;
  readonly #isSuccessful: Gauge;
  readonly #succeededAt: Gauge;
  #file: EverflameFile;
  /** What was looked at last; undefined where it could not be read. */
  #content: Buffer | undefined;
  #problems: readonly string[] = [];
  #looking: Repeating | undefined;

  /** Reads the file; where there is none, nothing is configured. Throws `InvalidConfigError`. */
  constructor(path: string | undefined, metrics: Registry, logger: Logger) {
    this.#path = path;
    this.#logger = logger;
    this.#content = path === undefined ? undefined : readConfigBytes(path);
    this.#file = this.#parse(this.#content ?? Buffer.alloc(0));
    const registers = [metrics];
    this.#isSuccessful = new Gauge({
      name: 'everflame_config_last_reload_successful',
      help: '1 while everflame.yaml is in effect as it is, 0 while it has problems and what was before them is in effect.',
      registers,
    });
    this.#succeededAt = new Gauge({
      name: 'everflame_config_last_reload_success_timestamp_seconds',
      help: 'Unix time at which everflame.yaml took effect.',
      registers,
    });
    this.#note([]);
  }

  /** Calls `apply` with the file now, and with each that replaces it; one for which it throws `InvalidConfigError` is wrong. */
  follow(apply: Apply): void {
    apply(this.#file);
    const path = this.#path;
    if (path === undefined) return;
    process.on('SIGHUP', this.#onSignal);
    this.#looking = new Repeating((signal) => this.#look(path, apply, signal));
  }

  stop(): void {
    process.off('SIGHUP', this.#onSignal);
    void this.#looking?.stop();
  }

  readonly #onSignal = (): void => this.#looking?.hurry();

  async #look(path: string, apply: Apply, signal: AbortSignal): Promise<number> {
    const content = await this.#settledContent(path);
    if (signal.aborted || isSame(content, this.#content)) return POLL_MS;
    this.#content = content;
    this.#reload(content, apply);
    return POLL_MS;
  }

  async #settledContent(path: string): Promise<Buffer | undefined> {
    let content = this.#content;
    for (;;) {
      const next = await readFile(path).catch(() => undefined);
      if (isSame(next, content)) return content;
      content = next;
      await sleep(SETTLE_MS, undefined, { ref: false });
    }
  }

  #reload(content: Buffer | undefined, apply: Apply): void {
    try {
      if (content === undefined) throw new InvalidConfigError([`${this.#path ?? ''}: cannot be read`]);
      const file = this.#parse(content);
      apply(file);
      this.#file = file;
      this.#note([]);
      this.#logger.info({ path: this.#path }, 'the configuration file has changed and is in effect');
    } catch (error) {
      const problems = error instanceof InvalidConfigError ? error.problems : [String(error)];
      this.#note(problems);
      this.#logger.warn(
        { problems },
        'the configuration file has problems; what it said before stays in effect',
      );
    }
  }

  #parse(content: Buffer): EverflameFile {
    return parseEverflameFile(content.toString('utf8'), this.#path ?? '');
  }

  #note(problems: readonly string[]): void {
    this.#problems = problems;
    this.#isSuccessful.set(problems.length === 0 ? 1 : 0);
    if (problems.length === 0) this.#succeededAt.set(Math.floor(Date.now() / 1000));
  }

  #remark(): string | undefined {
    if (this.#problems.length === 0) return undefined;
    return `what the file said before is in effect, because of ${this.#problems.join('; ')}`;
  }
}

function isSame(a: Buffer | undefined, b: Buffer | undefined): boolean {
  return a === undefined || b === undefined ? a === b : a.equals(b);
}
