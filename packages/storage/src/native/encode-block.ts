import { ByteWriter } from '@everflame/bytes';
import type { NativeColumn } from './columns.ts';

/** Columns by the name they have in the table, all with the same number of rows. */
export type NativeColumns = Readonly<Record<string, NativeColumn>>;

/**
 * Writes one block of ClickHouse's Native format as the HTTP interface takes it: number of columns and rows as
 * varuint, then per column its name, its type and its values
 * (https://clickhouse.com/docs/interfaces/formats/Native).
 */
export function encodeNativeBlock(columns: NativeColumns): Buffer {
  const entries = Object.entries(columns);
  const rows = entries[0]?.[1].rows ?? 0;
  let bytes = 16;
  for (const [name, column] of entries) {
    if (column.rows !== rows) throw new Error(`Column ${name} has ${column.rows} rows instead of ${rows}.`);
    bytes += column.byteLength + name.length * 3 + column.type.length * 3 + 16;
  }
  const writer = new ByteWriter(bytes);
  writer.varint(entries.length);
  writer.varint(rows);
  for (const [name, column] of entries) {
    writer.text(name);
    writer.text(column.type);
    column.writeTo(writer);
  }
  return Buffer.from(writer.bytes.buffer, 0, writer.length);
}
