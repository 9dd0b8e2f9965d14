import {
  type Hash64,
  InvalidArgumentError,
  type ProfileKind,
  requireInBounds,
  requireRetention,
  requireValuesInBounds,
} from '@everflame/profile';
import { KIND_CODES, KIND_TYPE } from '../kinds.ts';
import {
  ArrayColumn,
  DateTime64Column,
  Int64Column,
  StringColumn,
  UInt16Column,
  UInt32Column,
  UInt64Column,
  UInt8Column,
} from '../native/columns.ts';

/** How long raw profiles are kept unless a tenant or label says otherwise. */
export const DEFAULT_RETENTION_DAYS = 14;
/** How long rollups are kept unless a label says otherwise. */
export const DEFAULT_ROLLUP_DAYS = 400;

/** One profile of one series and type. */
export interface ProfileRow {
  readonly tenant: string;
  readonly retentionDays: number;
  /** How long rollups of it are kept, at least `retentionDays`; `DEFAULT_ROLLUP_DAYS` where absent. */
  readonly rollupDays?: number | undefined;
  /** Profile type id. */
  readonly type: string;
  readonly kind: ProfileKind;
  readonly service: string;
  /** Of the label set. */
  readonly fingerprint: Hash64;
  readonly timeMs: number;
  /** Hash of the content: rows that agree in it, in series and in time count once. */
  readonly profileId: Hash64;
  /** 0 where unknown. */
  readonly durationMs: number;
  readonly period: number;
  /** Sum of `values`. */
  readonly total: number;
  /** Safe integers, one per stack. */
  readonly values: Float64Array;
  /** Eight bytes each, little-endian; ascending by unsigned id, each once; parallel to `values`. */
  readonly stackIds: Uint8Array;
}

/** Rows of the table `profiles`. */
export class ProfileRows {
  readonly columns = {
    tenant: new StringColumn(),
    retention_days: new UInt16Column(),
    rollup_days: new UInt16Column(),
    type: new StringColumn(),
    kind: new UInt8Column(KIND_TYPE),
    service: new StringColumn(),
    fp: new UInt64Column(),
    ts: new DateTime64Column(),
    pid: new UInt64Column(),
    duration_ms: new UInt32Column(),
    period: new Int64Column(),
    total: new Int64Column(),
    stacks: new ArrayColumn(new UInt64Column()),
    vals: new ArrayColumn(new Int64Column()),
  };

  /** Throws `InvalidArgumentError`, and then adds nothing, for values that are not safe integers. */
  add(row: ProfileRow): void {
    checkRow(row);
    const { columns } = this;
    columns.tenant.push(row.tenant);
    columns.retention_days.push(row.retentionDays);
    columns.rollup_days.push(row.rollupDays ?? DEFAULT_ROLLUP_DAYS);
    columns.type.push(row.type);
    columns.kind.push(KIND_CODES[row.kind]);
    columns.service.push(row.service);
    columns.fp.push(row.fingerprint.lo, row.fingerprint.hi);
    columns.ts.push(row.timeMs);
    columns.pid.push(row.profileId.lo, row.profileId.hi);
    columns.duration_ms.push(row.durationMs);
    columns.period.push(row.period);
    columns.total.push(row.total);
    columns.stacks.items.pushBytes(row.stackIds);
    columns.stacks.endRow();
    columns.vals.items.pushAll(row.values);
    columns.vals.endRow();
  }
}

function checkRow(row: ProfileRow): void {
  const stacks = row.stackIds.length / 8;
  if (row.values.length !== stacks) {
    throw new InvalidArgumentError(`A profile has ${stacks} stacks but ${row.values.length} values.`);
  }
  requireRetention(row.retentionDays, row.rollupDays ?? DEFAULT_ROLLUP_DAYS);
  requireInBounds('durationMs', row.durationMs);
  requireInBounds('timeMs', row.timeMs);
  requireInBounds('period', row.period);
  requireInBounds('total', row.total);
  requireValuesInBounds(row.values);
}
