import type { Hash64, ProfileKind } from '@everflame/profile';
import { KIND_CODES, KIND_TYPE } from '../kinds.ts';
import {
  ArrayColumn,
  StringColumn,
  StringMapColumn,
  UInt16Column,
  UInt32Column,
  UInt64Column,
  UInt8Column,
} from '../native/columns.ts';
import { dayNumber } from '../sql.ts';

/** Stacks of one service and day, as columns; to be stored again at least once a week while they are in use. */
export interface StackColumns {
  readonly tenant: string;
  readonly service: string;
  /** Any time within the UTC day. */
  readonly dayMs: number;
  /** Eight bytes per stack, little-endian. */
  readonly ids: Uint8Array;
  /** Frames per stack. */
  readonly sizes: Uint32Array;
  /** Ids of the frames of all stacks, eight bytes each, little-endian; leaf first, inlined frames expanded. */
  readonly frameIds: Uint8Array;
}

/**
 * Frames of one day, as columns; to be stored again at least once a month while they are in use. Texts are UTF-8 bytes
 * after their length as varuint (LEB128).
 */
export interface FrameColumns {
  readonly tenant: string;
  /** Any time within the UTC day. */
  readonly dayMs: number;
  readonly count: number;
  /** Eight bytes per frame, little-endian. */
  readonly ids: Uint8Array;
  /** The name of the function; where the frame is not symbolised, build id and address say what it is. */
  readonly names: Uint8Array;
  /** The mangled name, where it differs. */
  readonly systemNames: Uint8Array;
  readonly files: Uint8Array;
  /** Four bytes per frame, little-endian. */
  readonly lines: Uint8Array;
  /** Four bytes per frame, little-endian. */
  readonly startLines: Uint8Array;
  readonly buildIds: Uint8Array;
  /** Eight bytes per frame, little-endian. */
  readonly addresses: Uint8Array;
}

/** A series that had profiles on a UTC day; without such a row its profiles are not found by label. */
export interface SeriesRow {
  readonly tenant: string;
  /** Any time within the UTC day. */
  readonly dayMs: number;
  /** Profile type id. */
  readonly type: string;
  readonly kind: ProfileKind;
  readonly service: string;
  readonly fingerprint: Hash64;
  /** All labels, `service_name` among them, each name once. */
  readonly labels: readonly (readonly [name: string, value: string])[];
}

/** Rows of the table `stacks`. */
export class StackRows {
  readonly columns = {
    tenant: new StringColumn(),
    service: new StringColumn(),
    day: new UInt16Column('Date'),
    stack: new UInt64Column(),
    frames: new ArrayColumn(new UInt64Column()),
  };

  add({ tenant, service, dayMs, ids, sizes, frameIds }: StackColumns): void {
    const { columns } = this;
    const day = dayNumber(dayMs);
    for (let i = 0; i < sizes.length; i++) {
      columns.tenant.push(tenant);
      columns.service.push(service);
      columns.day.push(day);
    }
    columns.stack.pushBytes(ids);
    columns.frames.items.pushBytes(frameIds);
    columns.frames.endRows(sizes);
  }
}

/** Rows of the table `frames`. */
export class FrameRows {
  readonly columns = {
    tenant: new StringColumn(),
    day: new UInt16Column('Date'),
    id: new UInt64Column(),
    name: new StringColumn(),
    system_name: new StringColumn(),
    file: new StringColumn(),
    line: new UInt32Column(),
    start_line: new UInt32Column(),
    build_id: new StringColumn(),
    addr: new UInt64Column(),
  };

  add(rows: FrameColumns): void {
    const { columns } = this;
    const { count } = rows;
    const day = dayNumber(rows.dayMs);
    for (let i = 0; i < count; i++) {
      columns.tenant.push(rows.tenant);
      columns.day.push(day);
    }
    columns.id.pushBytes(rows.ids);
    columns.name.pushEncoded(rows.names, count);
    columns.system_name.pushEncoded(rows.systemNames, count);
    columns.file.pushEncoded(rows.files, count);
    columns.line.pushBytes(rows.lines);
    columns.start_line.pushBytes(rows.startLines);
    columns.build_id.pushEncoded(rows.buildIds, count);
    columns.addr.pushBytes(rows.addresses);
  }
}

/** Rows of the table `label_values`, each once. */
class LabelValueRows {
  readonly columns = {
    tenant: new StringColumn(),
    day: new UInt16Column('Date'),
    key: new StringColumn(),
    type: new StringColumn(),
    service: new StringColumn(),
    val: new StringColumn(),
  };
  readonly #seen = new Set<string>();

  add(series: SeriesRow, day: number, name: string, value: string): void {
    const identity = JSON.stringify([series.tenant, day, name, series.type, series.service, value]);
    if (this.#seen.has(identity)) return;
    this.#seen.add(identity);
    const { columns } = this;
    columns.tenant.push(series.tenant);
    columns.day.push(day);
    columns.key.push(name);
    columns.type.push(series.type);
    columns.service.push(series.service);
    columns.val.push(value);
  }
}

/** Rows of the table `series`, each once, and of `label_values`. */
export class SeriesRows {
  readonly columns = {
    tenant: new StringColumn(),
    day: new UInt16Column('Date'),
    type: new StringColumn(),
    kind: new UInt8Column(KIND_TYPE),
    service: new StringColumn(),
    fp: new UInt64Column(),
    labels: new StringMapColumn(),
  };
  readonly labelValues = new LabelValueRows();
  readonly #seen = new Set<string>();

  add(row: SeriesRow): void {
    const day = dayNumber(row.dayMs);
    const { lo, hi } = row.fingerprint;
    const identity = JSON.stringify([row.tenant, day, row.type, row.kind, lo, hi]);
    if (this.#seen.has(identity)) return;
    this.#seen.add(identity);
    const { columns } = this;
    columns.tenant.push(row.tenant);
    columns.day.push(day);
    columns.type.push(row.type);
    columns.kind.push(KIND_CODES[row.kind]);
    columns.service.push(row.service);
    columns.fp.push(lo, hi);
    columns.labels.push(row.labels);
    for (const [name, value] of row.labels) this.labelValues.add(row, day, name, value);
  }
}
