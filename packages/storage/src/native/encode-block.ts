import { ByteSink } from './byte-sink.ts';
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
  const sink = new ByteSink(bytes);
  sink.writeVarUint(entries.length);
  sink.writeVarUint(rows);
  for (const [name, column] of entries) {
    sink.writeString(name);
    sink.writeString(column.type);
    column.writeTo(sink);
  }
  return sink.view();
}
