import type { ClickHouseSettings } from '@clickhouse/client';
import { UnavailableError } from '@everflame/profile';
import type { ClickHouse } from '../client.ts';
import { ID_STATEMENT_SETTINGS, inChunks } from '../read/stacks/id-chunks.ts';
import type { SeriesFilter } from '../read/profile-filter.ts';
import type { Sql } from '../sql.ts';
import { BUCKET_MS, fold } from '../rollup/roll-up.ts';
import { readClock, readFolded } from '../rollup/rollup-state.ts';
import { deletionRange, type DeletionRange, isEmpty } from './deletion-range.ts';
import {
  countFoldsSince,
  deleteDays,
  deleteEdgeHours,
  deleteLabelValues,
  deleteRaw,
  deleteSeries,
  deleteWholeHours,
  insertFoldedMarks,
  insertFoldedState,
  insertMarks,
  repeatMarks,
  selectEdgeFingerprints,
  selectServices,
  withDays,
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
/** A profile that was marked and is not stored after this long was lost on the way, and its retry marks again. */
const RECENT_MARKS_MS = 10 * 60_000;

/**
 * Removes matching profiles of the range and what was folded of them (ADR 0010). Hours at the ends of the range are
 * folded again from what is left of them. When it throws, a part may be removed already: repeat it until it resolves.
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
  readonly #range: DeletionRange;
  readonly #options: DeletionOptions;

  constructor(clickhouse: ClickHouse, filter: SeriesFilter, options: DeletionOptions) {
    this.#clickhouse = clickhouse;
    this.#filter = filter;
    this.#range = deletionRange(filter);
    this.#options = options;
  }

  async run(): Promise<void> {
    const filter = this.#filter;
    const { cluster } = this.#clickhouse;
    const { nowMs: sinceMs } = await readClock(this.#clickhouse);
    // From here on these hours are read from raw profiles, so that no answer mixes what is deleted with what is not.
    await this.#insert(insertMarks(filter));
    const edge = await this.#edgeFingerprints();
    // Before the profiles are gone, which are what says that these rows can be made again.
    await this.#deleteEdgeHours(edge);
    await this.#delete(deleteRaw(filter, cluster));
    await this.#waitForFolds();
    await this.#deleteEdgeHours(edge);
    const times = { sinceMs, atMs: (await readClock(this.#clickhouse)).nowMs };
    await this.#deleteWholeHours(times);
    await this.#deleteDays(sinceMs);
    await this.#deleteSeries(sinceMs);
    // Whatever was folded meanwhile is folded once more.
    await this.#insert(repeatMarks(filter, this.#range, times));
  }

  async #edgeFingerprints(): Promise<{ lo: Uint32Array; hi: Uint32Array }> {
    const none = { lo: new Uint32Array(0), hi: new Uint32Array(0) };
    if (this.#range.edgeHours.length === 0) return none;
    const answer = await this.#clickhouse.select(selectEdgeFingerprints(this.#filter, this.#range));
    return answer.uint64('fp');
  }

  async #deleteEdgeHours({ lo, hi }: { lo: Uint32Array; hi: Uint32Array }): Promise<void> {
    const { cluster } = this.#clickhouse;
    await inChunks(lo, hi, (chunkLo, chunkHi) =>
      this.#delete(deleteEdgeHours(this.#filter, this.#range, { lo: chunkLo, hi: chunkHi }, cluster)),
    );
  }

  async #deleteWholeHours({ sinceMs, atMs }: { sinceMs: number; atMs: number }): Promise<void> {
    if (isEmpty(this.#range.hours)) return;
    const filter = this.#filter;
    const times = { sinceMs: sinceMs - RECENT_MARKS_MS, atMs };
    await this.#insert(insertFoldedState(filter, this.#range, times));
    await this.#insert(insertFoldedMarks(filter, atMs));
    await this.#delete(deleteWholeHours(filter, this.#range, this.#clickhouse.cluster));
  }

  /**
   * Days of which a part stays are folded from the hours that are left, before the rows that stood there are removed.
   * `version` is from before the marks, so that it loses against the days that are folded because of them.
   */
  async #deleteDays(version: number): Promise<void> {
    const filter = this.#filter;
    const { edgeDays, days } = this.#range;
    await this.#waitForFolds();
    const folded = edgeDays.length === 0 ? new Set() : await readFolded(this.#clickhouse, 'day', days.fromMs);
    for (const bucketMs of edgeDays.filter((dayMs) => folded.has(dayMs))) {
      const services = await this.#servicesOf(bucketMs);
      const only = { tenant: filter.tenant, services };
      if (services.length > 0) await fold(this.#clickhouse, { level: 'day', bucketMs, version, only });
    }
    await this.#delete(deleteDays(filter, this.#range, version, this.#clickhouse.cluster));
  }

  async #servicesOf(dayMs: number): Promise<readonly string[]> {
    const day = withDays(this.#filter, { fromMs: dayMs, toMs: dayMs });
    const answer = await this.#clickhouse.select(selectServices(day));
    return answer.strings('service_name');
  }

  /**
   * Of days that lie in the range as a whole nothing is left to name. A day has to be over: ingest writes the series of
   * the current one once and not again.
   */
  async #deleteSeries(nowMs: number): Promise<void> {
    const { fromMs, toMs } = this.#range.wholeDays;
    const days = { fromMs, toMs: Math.min(toMs, nowMs - (nowMs % BUCKET_MS.day)) };
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
  async #waitForFolds(): Promise<void> {
    const { nowMs } = await readClock(this.#clickhouse);
    const until = performance.now() + this.#options.patienceMs;
    for (;;) {
      const answer = await this.#clickhouse.select(countFoldsSince(nowMs, this.#clickhouse.cluster));
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
