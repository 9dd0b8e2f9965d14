import type { ClickHouse } from '../client.ts';
import { encodeNativeBlock } from '../native/encode-block.ts';
import { type BatchHour, noteLateHours } from './late-hours.ts';
import { type BatchTable, type ProfileBatch, rowsOf } from './profile-batch.ts';

/** One Native block per table that has rows, in the order of insertion. Repeating it sends the same bytes. */
export interface EncodedBatch {
  readonly tables: readonly {
    readonly table: BatchTable;
    readonly columns: readonly string[];
    readonly rows: number;
    readonly block: Buffer;
  }[];
  /** Where its profiles lie. */
  readonly hours: readonly BatchHour[];
  readonly rows: number;
  readonly bytes: number;
}

export function encodeBatch(batch: ProfileBatch): EncodedBatch {
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
