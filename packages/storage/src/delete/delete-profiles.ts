import type { ClickHouseSettings } from '@clickhouse/client';
import { DAY_MS, UnavailableError } from '@everflame/profile';
import type { ClickHouse } from '../client.ts';
import { ID_STATEMENT_SETTINGS, inChunks } from '../read/stacks/id-chunks.ts';
import type { SeriesFilter } from '../read/profile-filter.ts';
import type { Sql } from '../sql.ts';
import { finest, type Resolution, RESOLUTIONS } from '../rollup/resolutions.ts';
import { rollUp } from '../rollup/roll-up.ts';
import { readClock, readDone } from '../rollup/rollup-state.ts';
import { bucketRange, type BucketRange, isEmpty, withDays } from './deletion-range.ts';
import {
  countRollupsSince,
  deleteEdges,
  deleteLabelValues,
  deleteOtherVersions,
  deleteRaw,
  deleteSeries,
  deleteWhole,
  insertEmptiedHours,
  insertEmptiedState,
  insertLateHoursOf,
  repeatLateHours,
  selectEdgeFingerprints,
  selectServices,
} from './deletion-statements.ts';

export interface DeletionOptions {
  /** How long to wait for rollups that were begun before. */
  readonly patienceMs: number;
}

/** The answer comes when every replica has done it; the subqueries give the same everywhere. */
const DELETE_SETTINGS: ClickHouseSettings = {
  lightweight_deletes_sync: '2',
  allow_nondeterministic_mutations: 1,
  ...ID_STATEMENT_SETTINGS,
};
const POLL_MS = 50;
/** A profile whose hour was noted and that is not stored after this long was lost; its retry notes the hour again. */
const ON_THEIR_WAY_MS = 10 * 60_000;

/**
 * Removes matching profiles of the range and what was rolled up of them (ADR 0010). Hours at the ends of the range are
 * rolled up again from what is left of them. When it throws, a part may be removed already: repeat it until it resolves.
 * Throws `deletion_unfinished` when a rollup that began before does not end.
 */
export async function deleteProfiles(
  clickhouse: ClickHouse,
  filter: SeriesFilter,
  options: DeletionOptions = { patienceMs: 60_000 },
): Promise<void> {
  await new Deletion(clickhouse, filter, options).run();
}

class Deletion {
  readonly #clickhouse: ClickHouse;
  readonly #filter: SeriesFilter;
  /** Of the finest rollups. */
  readonly #range: BucketRange;
  readonly #options: DeletionOptions;

  constructor(clickhouse: ClickHouse, filter: SeriesFilter, options: DeletionOptions) {
    this.#clickhouse = clickhouse;
    this.#filter = filter;
    this.#range = bucketRange(filter, finest().widthMs);
    this.#options = options;
  }

  async run(): Promise<void> {
    const filter = this.#filter;
    const { cluster } = this.#clickhouse;
    const { nowMs: sinceMs } = await readClock(this.#clickhouse);
    // From here on these hours are read from raw profiles, so that no answer mixes what is deleted with what is not.
    await this.#insert(insertLateHoursOf(filter));
    const edge = await this.#edgeFingerprints();
    // Before the profiles are gone, which are what says that these rows can be made again.
    await this.#deleteEdges(edge);
    await this.#delete(deleteRaw(filter, cluster));
    await this.#waitForRollups();
    await this.#deleteEdges(edge);
    const times = { sinceMs, atMs: (await readClock(this.#clickhouse)).nowMs };
    await this.#deleteWhole(times);
    const coarser = RESOLUTIONS.slice(1);
    for (const resolution of coarser) await this.#deleteCoarser(resolution, sinceMs);
    await this.#deleteSeries(sinceMs);
    // Whatever was rolled up meanwhile is rolled up once more.
    const widestMs = Math.max(DAY_MS, ...coarser.map(({ widthMs }) => widthMs));
    await this.#insert(repeatLateHours(filter, bucketRange(filter, widestMs).touched, times));
  }

  async #edgeFingerprints(): Promise<{ lo: Uint32Array; hi: Uint32Array }> {
    const none = { lo: new Uint32Array(0), hi: new Uint32Array(0) };
    if (this.#range.edges.length === 0) return none;
    const answer = await this.#clickhouse.select(selectEdgeFingerprints(this.#filter, this.#range));
    return answer.uint64('fp');
  }

  async #deleteEdges({ lo, hi }: { lo: Uint32Array; hi: Uint32Array }): Promise<void> {
    const { cluster } = this.#clickhouse;
    await inChunks(lo, hi, (chunkLo, chunkHi) =>
      this.#delete(deleteEdges(this.#filter, this.#range, { lo: chunkLo, hi: chunkHi }, cluster)),
    );
  }

  async #deleteWhole({ sinceMs, atMs }: { sinceMs: number; atMs: number }): Promise<void> {
    if (isEmpty(this.#range.whole)) return;
    const filter = this.#filter;
    const times = { sinceMs: sinceMs - ON_THEIR_WAY_MS, atMs };
    await this.#insert(insertEmptiedState(filter, this.#range, times));
    await this.#insert(insertEmptiedHours(filter, atMs));
    await this.#delete(deleteWhole(filter, this.#range, finest(), this.#clickhouse.cluster));
  }

  /**
   * Buckets of which a part stays are rolled up from the finer ones that are left, before the rows that stood there are
   * removed. `version` is from before the hours were late, so that it loses against what is rolled up because of them.
   */
  async #deleteCoarser(resolution: Resolution, version: number): Promise<void> {
    const filter = this.#filter;
    const range = bucketRange(filter, resolution.widthMs);
    await this.#waitForRollups();
    const done =
      range.edges.length === 0
        ? new Set()
        : await readDone(this.#clickhouse, resolution, range.touched.fromMs);
    for (const bucketMs of range.edges.filter((startMs) => done.has(startMs))) {
      const services = await this.#servicesIn(bucketMs, resolution);
      const only = { tenant: filter.tenant, services };
      if (services.length > 0) await rollUp(this.#clickhouse, { resolution, bucketMs, version, only });
    }
    const { cluster } = this.#clickhouse;
    await this.#delete(deleteOtherVersions(filter, { resolution, version }, range, cluster));
  }

  async #servicesIn(bucketMs: number, { widthMs }: Resolution): Promise<readonly string[]> {
    const days = bucketRange({ ...this.#filter, fromMs: bucketMs, toMs: bucketMs + widthMs }, DAY_MS).touched;
    const answer = await this.#clickhouse.select(selectServices(withDays(this.#filter, days)));
    return answer.strings('service_name');
  }

  /**
   * Of days that lie in the range as a whole nothing is left to name. A day has to be over: ingest writes the series of
   * the current one once and not again.
   */
  async #deleteSeries(nowMs: number): Promise<void> {
    const { fromMs, toMs } = bucketRange(this.#filter, DAY_MS).whole;
    const days = { fromMs, toMs: Math.min(toMs, nowMs - (nowMs % DAY_MS)) };
    if (isEmpty(days)) return;
    const filter = withDays(this.#filter, days);
    await this.#delete(deleteSeries(filter, this.#clickhouse.cluster));
    await this.#delete(deleteLabelValues(filter, this.#clickhouse.cluster));
  }

  #insert(sql: Sql): Promise<void> {
    return this.#clickhouse.command(sql);
  }

  #delete(sql: Sql): Promise<void> {
    return this.#clickhouse.command(sql, DELETE_SETTINGS);
  }

  /** A rollup that read what is deleted now would store it again after its rows were deleted. */
  async #waitForRollups(): Promise<void> {
    const { nowMs } = await readClock(this.#clickhouse);
    const until = performance.now() + this.#options.patienceMs;
    for (;;) {
      const answer = await this.#clickhouse.select(countRollupsSince(nowMs, this.#clickhouse.cluster));
      if (answer.numbers('running')[0] === 0) return;
      if (performance.now() >= until) {
        throw new UnavailableError('deletion_unfinished', 'A rollup that began before does not end.', {
          hint: 'Repeat the deletion; it goes on where it stopped.',
        });
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }
}
