import { DAY_MS, InvalidArgumentError } from '@everflame/profile';
import type { ClickHouse } from '../client.ts';
import { finest, floorTo, type Resolution, RESOLUTIONS } from './resolutions.ts';
import { readOccupied, rollUp } from './roll-up.ts';
import {
  type BucketState,
  type Clock,
  keepRaw,
  readClock,
  readDone,
  readStale,
  type StaleService,
  writeState,
} from './rollup-state.ts';

export interface RollupOptions {
  /** An hour is rolled up this long after its end. */
  readonly graceMs: number;
  /**
   * Longer than any insert takes from the note of a late hour to the moment its profiles can be read: what was noted
   * within this time counts as not rolled up yet.
   */
  readonly settleMs: number;
  /** Buckets that one run rolls up, for the first time and again; more wait for the next run. */
  readonly maxBuckets: number;
}

export const DEFAULT_ROLLUP_OPTIONS: RollupOptions = { graceMs: 300_000, settleMs: 120_000, maxBuckets: 48 };

/** Buckets that were rolled up at one resolution. */
export interface RolledUpBuckets {
  readonly resolution: string;
  /** Buckets that were over. */
  readonly settled: number;
  /** Buckets once more, each for some services of one tenant, because profiles came late. */
  readonly late: number;
}

/** What one run did. */
export interface RollupRun {
  /** An entry per resolution, the finest first. */
  readonly done: readonly RolledUpBuckets[];
  /** Whether work is left that could be done at once. */
  readonly isBehind: boolean;
  /** Seconds since the end of the oldest settled hour that is not rolled up; 0 where all are. */
  readonly lagSeconds: number;
}

/** More late services than this in one run are left for the next. */
const MAX_STALE = 10_000;
/** No profile is kept longer. */
const OLDEST_DAYS = 402;

/**
 * Rolls up hours that are over, hours that got late profiles, and coarser buckets whose hours are all rolled up (ADR 0008).
 * Rows come before the note that they are there, and rows of the highest version win: a run that is cut off or overlaps
 * another one leaves nothing wrong, and the next one continues. Once `signal` is aborted it ends after the bucket it is at.
 */
export async function runRollups(
  clickhouse: ClickHouse,
  options: RollupOptions = DEFAULT_ROLLUP_OPTIONS,
  signal?: AbortSignal,
): Promise<RollupRun> {
  if (!(options.graceMs >= 0 && options.settleMs >= 0 && options.maxBuckets >= 1)) {
    throw new InvalidArgumentError(
      'A rollup needs a grace and a settle time of at least 0 and a bucket to roll up.',
    );
  }
  return new Run(clickhouse, options, await readClock(clickhouse), signal).run();
}

class Run {
  readonly #clickhouse: ClickHouse;
  readonly #clock: Clock;
  readonly #graceMs: number;
  /** Everything that was noted as late up to here can be read by now. */
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
    const done: RolledUpBuckets[] = [];
    /** Buckets, of any resolution so far, in which something is left to do. */
    let openMs: readonly number[] = [];
    let lagSeconds = 0;
    for (const resolution of RESOLUTIONS) {
      const open = new Set(openMs.map((startMs) => floorTo(resolution, startMs)));
      const missing = (await this.#missing(resolution, fromMs)).filter((startMs) => !open.has(startMs));
      const settled = await this.#rollUpSettled(resolution, missing);
      const stale = await this.#readStale(resolution);
      const closed = stale.filter(({ bucketMs }) => !open.has(bucketMs));
      const again = await this.#rollUpAgain(resolution, closed);
      done.push({ resolution: resolution.name, settled, late: again.buckets });
      const [oldestMs] = missing.slice(settled);
      if (resolution === finest() && oldestMs !== undefined) {
        lagSeconds = (this.#clock.nowMs - oldestMs - resolution.widthMs) / 1000;
      }
      const left = closed.slice(again.services).map(({ bucketMs }) => bucketMs);
      openMs = [...openMs, ...missing.slice(settled), ...left];
      // Beyond the limit it is not known which coarser buckets are open.
      if (stale.length >= MAX_STALE) return { done, isBehind: true, lagSeconds };
    }
    return { done, isBehind: openMs.length > 0, lagSeconds };
  }

  /** A coarser bucket may begin earlier than this one; it has nothing there. */
  #firstDayMs(): number {
    const { oldestMs, nowMs } = this.#clock;
    const firstMs = Math.max(oldestMs ?? nowMs, nowMs - OLDEST_DAYS * DAY_MS);
    return firstMs - (firstMs % DAY_MS);
  }

  /** Returns the buckets that are over and not rolled up, the oldest first: their raw profiles expire first. */
  async #missing(resolution: Resolution, fromMs: number): Promise<number[]> {
    const { widthMs } = resolution;
    const firstMs = floorTo(resolution, fromMs);
    const done = await readDone(this.#clickhouse, resolution, firstMs);
    const missing: number[] = [];
    for (let startMs = firstMs; startMs + widthMs + this.#graceMs <= this.#clock.nowMs; startMs += widthMs) {
      if (!done.has(startMs)) missing.push(startMs);
    }
    return missing;
  }

  /** Returns how many of the buckets it rolled up, from the first one on. */
  async #rollUpSettled(resolution: Resolution, buckets: readonly number[]): Promise<number> {
    const now = buckets.slice(0, this.#left);
    const [firstMs, lastMs] = [now[0], now.at(-1)];
    if (firstMs === undefined || lastMs === undefined) return 0;
    const { name: level, widthMs } = resolution;
    const range = { fromMs: firstMs, toMs: lastMs + widthMs };
    const occupied = await readOccupied(this.#clickhouse, resolution, range);
    let states: BucketState[] = [];
    let done = 0;
    for (const bucketMs of now) {
      if (this.#signal?.aborted === true) break;
      states.push({ level, bucketMs, tenant: '', service: '', version: this.#version });
      // Buckets without profiles are noted together with the next one.
      if (!occupied.has(bucketMs) && bucketMs !== lastMs) continue;
      await this.#rollUp(resolution, bucketMs);
      await writeState(this.#clickhouse, states);
      done += states.length;
      states = [];
    }
    this.#left -= done;
    return done;
  }

  /** Rolls the services up anew, those of one tenant and bucket at a time; returns how far it got. */
  async #rollUpAgain(
    resolution: Resolution,
    stale: readonly StaleService[],
  ): Promise<{ buckets: number; services: number }> {
    const groups = groupStale(stale).slice(0, this.#left);
    let [buckets, services] = [0, 0];
    for (const group of groups) {
      if (this.#signal?.aborted === true) break;
      const { tenant, bucketMs } = group;
      await this.#rollUp(resolution, bucketMs, group);
      const state = { level: resolution.name, bucketMs, tenant, version: this.#version };
      await writeState(
        this.#clickhouse,
        group.services.map((service) => ({ ...state, service })),
      );
      buckets++;
      services += group.services.length;
    }
    this.#left -= buckets;
    return { buckets, services };
  }

  async #rollUp(resolution: Resolution, bucketMs: number, only?: StaleGroup): Promise<void> {
    const version = this.#version;
    const tooLarge = await rollUp(this.#clickhouse, { resolution, bucketMs, version, only });
    await keepRaw(this.#clickhouse, bucketMs, tooLarge);
  }

  #readStale(resolution: Resolution): Promise<StaleService[]> {
    return readStale(this.#clickhouse, resolution, { untilMs: this.#version, limit: MAX_STALE });
  }
}

interface StaleGroup {
  readonly tenant: string;
  readonly bucketMs: number;
  readonly services: string[];
}

/** Neighbours of one bucket and tenant together. */
function groupStale(stale: readonly StaleService[]): StaleGroup[] {
  const groups: StaleGroup[] = [];
  for (const { tenant, service, bucketMs } of stale) {
    const last = groups.at(-1);
    if (last?.tenant === tenant && last.bucketMs === bucketMs) last.services.push(service);
    else groups.push({ tenant, bucketMs, services: [service] });
  }
  return groups;
}
