import type { ProfileBatch } from '@everflame/storage';
import { RecordReader } from './row-record-reader.ts';

export { senderOfRecord } from './row-record-reader.ts';
import { TIME_AT } from './row-record-writer.ts';

export { RowRecordWriter } from './row-record-writer.ts';

/*
 * A record holds all rows of one profile, in little-endian bytes:
 *
 *   header, 80 bytes   magic and version u32, size of the record u32, time ms f64, duration ms f64, period f64, then u32
 *                      each: retention days, new frames F, frame ids T >= F, new stacks S, lists L, ids of all lists I,
 *                      rows R, bytes of names, of system names, of files, of build ids, retention days of
 *                      rollups (0 is 400)
 *   8-byte ids         T of frames (those of the new frames first), S of new stacks, I of stacks by list
 *   new frames         lines u32, start lines u32, addresses u64; names, system names, files, build ids as texts
 *   owner              tenant and service as texts
 *   new stacks         per stack its depth and, leaf first, positions among the frame ids
 *   lists              the length of each
 *   rows               profile type as text; kind, 0x80 set when labels follow, 0x40 when another retention does; fingerprint
 *                      and profile id, 8 bytes each; number of labels and their texts; retention days, those of
 *                      rollups; list; total; one value per stack of the list
 *
 * Numbers are LEB128, totals and values as `writeSigned` writes them, texts UTF-8 after their length. Ids and texts
 * have the layout of ClickHouse's Native format, so that they are copied into a batch as they are.
 */

/**
 * Throws `DomainError` (`malformed_record`) for a record that `appendRowRecord` would not take: whoever made it must not
 * acknowledge it.
 */
export function checkRowRecord(record: Uint8Array): void {
  new RecordReader(record).check();
}

/** Puts all rows of a record under another time; dictionary rows too, so the day should be the same. */
export function setRecordTime(record: Uint8Array, timeMs: number): void {
  new DataView(record.buffer, record.byteOffset).setFloat64(TIME_AT, timeMs, true);
}

/**
 * Adds the rows of a record that `RowRecordWriter` wrote to a batch. Throws `DomainError` with code `malformed_record`,
 * and then has added nothing, for bytes that are no such record.
 */
export function appendRowRecord(batch: ProfileBatch, record: Uint8Array): void {
  const { header, frames, stacks, rows } = new RecordReader(record).read();
  const { tenant, service, timeMs } = header;
  if (frames.count > 0) batch.addFrames({ tenant, dayMs: timeMs, ...frames });
  if (stacks.sizes.length > 0) batch.addStacks({ tenant, service, dayMs: timeMs, ...stacks });
  for (const row of rows) {
    const { type, kind, fingerprint, labels, retention } = row;
    if (labels !== undefined)
      batch.addSeries({ tenant, dayMs: timeMs, type, kind, service, fingerprint, labels });
    const { days: retentionDays, rollupDays } = retention;
    batch.addProfile({ ...header, ...row, retentionDays, rollupDays });
  }
}
