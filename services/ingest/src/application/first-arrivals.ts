import { type Hash64, hash64ToHex } from '@everflame/profile';
import type { Logger } from '@everflame/service-kit';
import { ArrivalJournal } from './spool/arrival-journal.ts';
import type { SpoolFiles } from './spool/spool-files.ts';

/** How long a push with an idempotency key is recognised, and one without by its content. */
export const KEY_WINDOW_MS = 60 * 60_000;
export const CONTENT_WINDOW_MS = 5 * 60_000;
/** As many are remembered, and up to twice as many. */
const REMEMBERED = 65_536;
const LINE = /^([0-9a-f]{16}) (\d{1,13}) (\d{1,13})$/;

interface Arrival {
  readonly timeMs: number;
  readonly untilMs: number;
  /** Set until it is on disk. */
  saving: Promise<void> | undefined;
}

/**
 * Remembers when pushes first arrived of which nobody says when they were taken, also across a restart: a push that is
 * repeated is stored under the time of the first one, and so once.
 */
export class FirstArrivals {
  // When the recent ones are as many as shall be remembered, they take the place of the earlier ones.
  #recent = new Map<string, Arrival>();
  #earlier = new Map<string, Arrival>();
  readonly #journal: ArrivalJournal;

  private constructor(journal: ArrivalJournal) {
    this.#journal = journal;
  }

  static async open(files: SpoolFiles, logger: Logger): Promise<FirstArrivals> {
    const { journal, lines } = await ArrivalJournal.open(files, logger);
    const arrivals = new FirstArrivals(journal);
    for (const line of lines) arrivals.#load(line);
    return arrivals;
  }

  /**
   * Unix ms of the first arrival of what has this identity, within `windowMs` before `nowMs`; undefined where this is
   * the first. Resolves when it is remembered on disk, or, where the disk does not take it, in memory.
   */
  async firstOf(identity: Hash64, windowMs: number, nowMs: number): Promise<number | undefined> {
    const key = hash64ToHex(identity);
    const known = this.#recent.get(key) ?? this.#earlier.get(key);
    if (known !== undefined && nowMs < known.untilMs) {
      await known.saving;
      return known.timeMs;
    }
    const arrival: Arrival = { timeMs: nowMs, untilMs: nowMs + windowMs, saving: undefined };
    this.#remember(key, arrival);
    arrival.saving = this.#journal.add(lineOf(key, arrival), () => this.#lines());
    await arrival.saving;
    arrival.saving = undefined;
    return undefined;
  }

  close(): Promise<void> {
    return this.#journal.close();
  }

  #load(line: string): void {
    const [, key = '', timeMs, untilMs] = LINE.exec(line) ?? [];
    if (key !== '')
      this.#remember(key, { timeMs: Number(timeMs), untilMs: Number(untilMs), saving: undefined });
  }

  #remember(key: string, arrival: Arrival): void {
    if (this.#recent.size >= REMEMBERED) {
      this.#earlier = this.#recent;
      this.#recent = new Map();
    }
    this.#recent.set(key, arrival);
  }

  #lines(): readonly string[] {
    return [...this.#earlier, ...this.#recent].map(([key, arrival]) => lineOf(key, arrival));
  }
}

function lineOf(key: string, { timeMs, untilMs }: Arrival): string {
  return `${key} ${timeMs} ${untilMs}`;
}
