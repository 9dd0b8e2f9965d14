import type { ClickHouse } from '../client.ts';
import { encodeNativeBlock, type NativeColumns } from '../native/columns.ts';
import {
  type FrameColumns,
  FrameRows,
  type SeriesRow,
  SeriesRows,
  type StackColumns,
  StackRows,
} from './dictionary-rows.ts';
import { type BatchHour, BatchHours, insertLateHours, noteLateHours } from './late-hours.ts';
import { type ProfileRow, ProfileRows } from './profile-rows.ts';

type BatchTable = 'frames' | 'stacks' | 'series' | 'label_values' | 'profiles';

/**
 * Rows of one insert, gathered as columns. Series and label values are deduplicated within the batch; stacks and
 * frames are stored as often as they are added.
 */
export class ProfileBatch {
  readonly #profiles = new ProfileRows();
  readonly #stacks = new StackRows();
  readonly #frames = new FrameRows();
  readonly #series = new SeriesRows();
  readonly #hours = new BatchHours();

  addProfile(row: ProfileRow): void {
    this.#profiles.add(row);
    this.#hours.add(row);
  }

  addStacks(rows: StackColumns): void {
    this.#stacks.add(rows);
  }

  addFrames(rows: FrameColumns): void {
    this.#frames.add(rows);
  }

  addSeries(row: SeriesRow): void {
    this.#series.add(row);
  }

  /** Rows of all tables. */
  get rows(): number {
    return this.tables().reduce((rows, [, columns]) => rows + rowsOf(columns), 0);
  }

  /** Where the profiles lie. */
  get hours(): readonly BatchHour[] {
    return this.#hours.all;
  }

  /** In the order of insertion: what profiles refer to comes first, so that a crash leaves no id unresolvable. */
  tables(): readonly (readonly [BatchTable, NativeColumns])[] {
    return [
      ['frames', this.#frames.columns],
      ['stacks', this.#stacks.columns],
      ['series', this.#series.columns],
      ['label_values', this.#series.labelValues.columns],
      ['profiles', this.#profiles.columns],
    ];
  }
}

function rowsOf(columns: NativeColumns): number {
  return Object.values(columns)[0]?.rows ?? 0;
}

/** One Native block per table that has rows, in the order of insertion. Repeating it sends the same bytes. */
export type EncodedBatch = ReturnType<typeof encodeBatch>;

export function encodeBatch(batch: ProfileBatch) {
  const tables = batch
    .tables()
    .filter(([, columns]) => rowsOf(columns) > 0)
    .map(([table, columns]) => ({
      table,
      columns: Object.keys(columns),
      rows: rowsOf(columns),
      block: encodeNativeBlock(columns),
    }));
  return {
    tables,
    hours: batch.hours,
    rows: tables.reduce((rows, table) => rows + table.rows, 0),
    bytes: tables.reduce((bytes, table) => bytes + table.block.length, 0),
  };
}

/**
 * Inserts every table. When it throws, some tables may have been inserted: repeat it until it resolves. Rows that are
 * there several times count once in every read (ADR 0012).
 */
export async function insertEncoded(clickhouse: ClickHouse, encoded: EncodedBatch): Promise<void> {
  for (const { table, columns, block } of encoded.tables) {
    // As late as possible: the time from this note to the profiles is what a rollup has to wait for.
    if (table === 'profiles') await noteLateHours(clickhouse, encoded.hours);
    await clickhouse.insertNative({ table, columns }, block);
  }
}

/** Inserts no rows into every table that batches go to; throws where a table is missing, changed or read-only. */
export async function insertNothing(clickhouse: ClickHouse): Promise<void> {
  for (const [table, columns] of new ProfileBatch().tables()) await clickhouse.insertColumns(table, columns);
  await insertLateHours(clickhouse, []);
}
