import { InvalidArgumentError } from '@everflame/profile';
import type { ClickHouse } from '../client.ts';
import { BUCKET_MS, fold, type FoldedLevel, readOccupied } from './roll-up.ts';
import {
  type Clock,
  type FoldedBucket,
  markUnfoldable,
  readClock,
  readFolded,
  readStale,
  type Stale,
  writeFolded,
} from './rollup-state.ts';

const HOUR_MS = BUCKET_MS.hour;
const DAY_MS = BUCKET_MS.day;

export interface RollupOptions {
  /** An hour is folded this long after its end. */
  readonly graceMs: number;
  /**
   * Longer than any insert takes from the mark of a late hour to the moment its profiles can be read: what was marked
   * within this time counts as not folded yet.
   */
  readonly settleMs: number;
  /** Hours and days that one run folds, for the first time and again; more wait for the next run. */
  readonly maxBuckets: number;
}

export const DEFAULT_ROLLUP_OPTIONS: RollupOptions = { graceMs: 300_000, settleMs: 120_000, maxBuckets: 48 };

/** What one run did. */
export interface RollupRun {
  readonly hours: number;
  readonly days: number;
  /** Hours and days that were folded again, each for some services of one tenant, because profiles came late. */
  readonly redoneHours: number;
  readonly redoneDays: number;
  /** Whether work is left that could be done at once. */
  readonly isBehind: boolean;
  /** Seconds since the end of the oldest closed hour that is not folded; 0 where all are. */
  readonly lagSeconds: number;
}

/** More late services than this in one run are left for the next. */
const MAX_STALE = 10_000;
/** No profile is kept longer. */
const OLDEST_DAYS = 402;

/**
 * Folds closed hours, hours that got late profiles, and days whose hours are all folded (ADR 0008). Rows come before the
 * note that they are there, and rows of the highest version win: a run that is cut off or overlaps another one leaves
 * nothing wrong, and the next one continues. Once `signal` is aborted it ends after the hour or day it is at.
 */
export async function runRollups(
  clickhouse: ClickHouse,
  options: RollupOptions = DEFAULT_ROLLUP_OPTIONS,
  signal?: AbortSignal,
): Promise<RollupRun> {
  if (!(options.graceMs >= 0 && options.settleMs >= 0 && options.maxBuckets >= 1)) {
    throw new InvalidArgumentError(
      'A rollup needs a grace and a settle time of at least 0 and a bucket to fold.',
    );
  }
  return new Run(clickhouse, options, await readClock(clickhouse), signal).run();
}

class Run {
  readonly #clickhouse: ClickHouse;
  readonly #clock: Clock;
  readonly #graceMs: number;
  /** Everything marked up to here can be read by now. */
  readonly #version: number;
  readonly #signal: AbortSignal | undefined;
  #left: number;

  constructor(clickhouse: ClickHouse, options: RollupOptions, clock: Clock, signal: AbortSignal | undefined) {
    this.#clickhouse = clickhouse;
    this.#clock = clock;
    this.#graceMs = options.graceMs;
    this.#version = clock.nowMs - options.settleMs;
    this.#signal = signal;
    this.#left = options.maxBuckets;
  }

  async run(): Promise<RollupRun> {
    const fromMs = this.#firstDayMs();
    const missing = await this.#missing('hour', fromMs);
    const hours = await this.#foldFirst('hour', missing);
    const stale = await this.#readStale('hour');
    const redoneHours = await this.#foldAgain('hour', stale);
    const openHours = [
      ...missing.slice(hours),
      ...stale.slice(redoneHours.services).map(({ bucketMs }) => bucketMs),
    ];
    const openDays = new Set(openHours.map(dayOf));
    // Beyond the limit it is not known which days are open.
    const canFoldDays = stale.length < MAX_STALE;
    const missingDays = canFoldDays
      ? (await this.#missing('day', fromMs)).filter((dayMs) => !openDays.has(dayMs))
      : [];
    const days = await this.#foldFirst('day', missingDays);
    const staleDays = canFoldDays
      ? (await this.#readStale('day')).filter(({ bucketMs }) => !openDays.has(bucketMs))
      : [];
    const redoneDays = await this.#foldAgain('day', staleDays);
    const [oldest] = missing.slice(hours);
    return {
      hours,
      days,
      redoneHours: redoneHours.folds,
      redoneDays: redoneDays.folds,
      isBehind:
        openHours.length > 0 ||
        days < missingDays.length ||
        redoneDays.services < staleDays.length ||
        !canFoldDays,
      lagSeconds: oldest === undefined ? 0 : (this.#clock.nowMs - oldest - HOUR_MS) / 1000,
    };
  }

  #firstDayMs(): number {
    const { oldestMs, nowMs } = this.#clock;
    return Math.max(dayOf(oldestMs ?? nowMs), dayOf(nowMs - OLDEST_DAYS * DAY_MS));
  }

  /** Closed buckets that are not folded, the oldest first: their raw profiles expire first. */
  async #missing(level: FoldedLevel, fromMs: number): Promise<number[]> {
    const folded = await readFolded(this.#clickhouse, level, fromMs);
    const size = BUCKET_MS[level];
    const missing: number[] = [];
    for (let at = fromMs; at + size + this.#graceMs <= this.#clock.nowMs; at += size) {
      if (!folded.has(at)) missing.push(at);
    }
    return missing;
  }

  /** Answers how many of the buckets it folded, from the first one on. */
  async #foldFirst(level: FoldedLevel, buckets: readonly number[]): Promise<number> {
    const now = buckets.slice(0, this.#left);
    const [firstMs, lastMs] = [now[0], now.at(-1)];
    if (firstMs === undefined || lastMs === undefined) return 0;
    const version = this.#version;
    const range = { fromMs: firstMs, toMs: lastMs + BUCKET_MS[level] };
    const occupied = await readOccupied(this.#clickhouse, level, range);
    let folded: FoldedBucket[] = [];
    let done = 0;
    for (const bucketMs of now) {
      if (this.#signal?.aborted === true) break;
      folded.push({ level, bucketMs, tenant: '', service: '', version });
      // Buckets without profiles are noted together with the next one.
      if (!occupied.has(bucketMs) && bucketMs !== lastMs) continue;
      await this.#fold(level, bucketMs);
      await writeFolded(this.#clickhouse, folded);
      done += folded.length;
      folded = [];
    }
    this.#left -= done;
    return done;
  }

  /** Folds the services anew, those of one tenant and bucket at a time; answers how far it got. */
  async #foldAgain(
    level: FoldedLevel,
    stale: readonly Stale[],
  ): Promise<{ folds: number; services: number }> {
    const groups = groupStale(stale).slice(0, this.#left);
    let [folds, services] = [0, 0];
    for (const group of groups) {
      if (this.#signal?.aborted === true) break;
      const { tenant, bucketMs } = group;
      await this.#fold(level, bucketMs, group);
      const version = this.#version;
      await writeFolded(
        this.#clickhouse,
        group.services.map((service) => ({ level, bucketMs, tenant, service, version })),
      );
      folds++;
      services += group.services.length;
    }
    this.#left -= folds;
    return { folds, services };
  }

  async #fold(level: FoldedLevel, bucketMs: number, only?: StaleGroup): Promise<void> {
    const left = await fold(this.#clickhouse, { level, bucketMs, version: this.#version, only });
    await markUnfoldable(this.#clickhouse, bucketMs, left);
  }

  #readStale(level: FoldedLevel): Promise<Stale[]> {
    return readStale(this.#clickhouse, level, { untilMs: this.#version, limit: MAX_STALE });
  }
}

interface StaleGroup {
  readonly tenant: string;
  readonly bucketMs: number;
  readonly services: string[];
}

/** Neighbours of one bucket and tenant together. */
function groupStale(stale: readonly Stale[]): StaleGroup[] {
  const groups: StaleGroup[] = [];
  for (const { tenant, service, bucketMs } of stale) {
    const last = groups.at(-1);
    if (last?.tenant === tenant && last.bucketMs === bucketMs) last.services.push(service);
    else groups.push({ tenant, bucketMs, services: [service] });
  }
  return groups;
}

function dayOf(timeMs: number): number {
  return timeMs - (timeMs % DAY_MS);
}
