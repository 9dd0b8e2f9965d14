import type { ClickHouseSettings } from '@clickhouse/client';
import { type ClickHouse } from '../client.ts';
import { allOf, type Sql, SqlParams } from '../sql.ts';
import { writeFolded } from './rollup-state.ts';

export type FoldedLevel = 'hour' | 'day';

export const BUCKET_MS: Readonly<Record<FoldedLevel, number>> = { hour: 3_600_000, day: 86_400_000 };

/** What to fold: a bucket as a whole, or some services of a tenant in it. */
export interface Fold {
  readonly level: FoldedLevel;
  /** Start, Unix ms. */
  readonly bucketMs: number;
  /** The highest wins, row by row. */
  readonly version: number;
  readonly only?: { readonly tenant: string; readonly services: readonly string[] } | undefined;
}

/** A part of a bucket that one statement folds. */
export interface FoldSlice {
  readonly tenant: string;
  readonly type: string;
  readonly services: readonly string[];
  /** First and last fingerprint as decimal text; all where absent. */
  readonly fingerprints?: readonly [string, string] | undefined;
}

/** A service whose values of a type do not fit in 64 bits when they are added up. */
export interface Unfoldable {
  readonly tenant: string;
  readonly service: string;
}

interface SourceSize {
  readonly tenant: string;
  readonly type: string;
  readonly service: string;
  readonly samples: number;
  /** Sum of the absolute totals. */
  readonly magnitude: number;
}

/**
 * Memory of a statement grows with the distinct stacks of its series, which are at most its samples: some hundred
 * bytes each.
 */
const SAMPLES_PER_STATEMENT = 4_000_000;
const SERVICES_PER_STATEMENT = 500;
const MAX_MAGNITUDE = 2 ** 62;

/** Where rows come from and how columns are gathered, per level. */
const SOURCES = {
  hour: {
    target: 'profiles_1h',
    table: 'profiles',
    bucket: 'toStartOfHour(ts)',
    retention: 'max(rollup_days)',
    profiles: 'count()',
    time: (param: string) => `fromUnixTimestamp64Milli(${param}, 'UTC')`,
  },
  day: {
    target: 'profiles_1d',
    table: 'profiles_1h',
    bucket: 'toStartOfDay(ts)',
    retention: 'max(retention_days)',
    profiles: 'sum(profiles)',
    time: (param: string) => `toDateTime(intDiv(${param}, 1000), 'UTC')`,
  },
} as const;

/**
 * Folds into one row per tenant, type, kind and series, a bounded part at a time, and answers what it had to leave out.
 * Repeating it is harmless: rows replace those of lower versions. Readers have to find the bucket late or not folded
 * meanwhile.
 */
export async function fold(clickhouse: ClickHouse, what: Fold): Promise<readonly Unfoldable[]> {
  const sizes = await readSizes(clickhouse, what);
  const isTooLarge = ({ magnitude }: SourceSize): boolean => magnitude > MAX_MAGNITUDE;
  for (const slice of slicesOf(sizes.filter((size) => !isTooLarge(size)))) {
    await clickhouse.command(insertFold(what, slice), {
      ...finalSettings(what),
      // One core at most: people are waiting for the others.
      max_threads: 1,
      max_partitions_per_insert_block: '0',
    });
  }
  const { bucketMs, version } = what;
  if ((await clickhouse.select(selectMovedSeries(what))).rows > 0) {
    await writeFolded(clickhouse, [{ level: 'moved', bucketMs, tenant: '', service: '', version }]);
  }
  return sizes.filter(isTooLarge);
}

/** A raw profile lies in one partition; a folded row may have moved to another class when it was folded again. */
function finalSettings({ level }: Fold): ClickHouseSettings {
  return { do_not_merge_across_partitions_select_final: level === 'hour' ? 1 : 0 };
}

/** A row where series of the bucket have rows in several classes of retention, of which only the newest counts. */
export function selectMovedSeries(what: Fold): Sql {
  const params = new SqlParams();
  const { target } = SOURCES[what.level];
  const bucket = params.bind('bucket', 'UInt32', what.bucketMs / 1000);
  const conditions = [...onlyConditions(what, params), `ts = toDateTime(${bucket}, 'UTC')`];
  const text = `SELECT 1 AS moved
FROM ${target}
WHERE ${allOf(conditions)}
GROUP BY tenant, type, service, fp, kind
HAVING uniqExact(retention_days) > 1
LIMIT 1`;
  return { text, params: params.values };
}

/** Which buckets of `[fromMs, toMs)` have anything to fold, by their start in Unix ms. */
export async function readOccupied(
  clickhouse: ClickHouse,
  level: FoldedLevel,
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
): Promise<ReadonlySet<number>> {
  const { bucket, table, time } = SOURCES[level];
  const params = new SqlParams();
  const answer = await clickhouse.select({
    text: `SELECT DISTINCT toUInt32(${bucket}) AS start
FROM ${table}
WHERE ts >= ${time(params.bind('from', 'Int64', fromMs))} AND ts < ${time(params.bind('to', 'Int64', toMs))}`,
    params: params.values,
  });
  return new Set(Array.from(answer.numbers('start'), (seconds) => seconds * 1000));
}

/** Cuts what is to be folded into statements of about `limit` samples each. */
export function slicesOf(sizes: readonly SourceSize[], limit = SAMPLES_PER_STATEMENT): FoldSlice[] {
  const slices: FoldSlice[] = [];
  let open: { tenant: string; type: string; services: string[] } | undefined;
  let samples = 0;
  for (const size of sizes) {
    if (size.samples > limit) {
      slices.push(...splitByFingerprint(size, Math.ceil(size.samples / limit)));
      continue;
    }
    samples += size.samples;
    const fits = samples <= limit && open !== undefined && open.services.length < SERVICES_PER_STATEMENT;
    if (open !== undefined && fits && open.tenant === size.tenant && open.type === size.type) {
      open.services.push(size.service);
      continue;
    }
    open = { tenant: size.tenant, type: size.type, services: [size.service] };
    samples = size.samples;
    slices.push(open);
  }
  return slices;
}

/** Fingerprints are spread evenly, so equal ranges hold about equally much. */
function splitByFingerprint({ tenant, type, service }: SourceSize, parts: number): FoldSlice[] {
  const edge = (part: number): bigint => (BigInt(part) << 64n) / BigInt(parts);
  return Array.from({ length: parts }, (_, part) => ({
    tenant,
    type,
    services: [service],
    fingerprints: [String(edge(part)), String(edge(part + 1) - 1n)],
  }));
}

async function readSizes(clickhouse: ClickHouse, what: Fold): Promise<SourceSize[]> {
  const answer = await clickhouse.select(selectFoldSizes(what), finalSettings(what));
  const types = answer.strings('type_id');
  const services = answer.strings('service_name');
  const samples = answer.numbers('samples');
  const magnitudes = answer.numbers('magnitude');
  return answer.strings('tenant_id').map((tenant, row) => ({
    tenant,
    type: types[row] ?? '',
    service: services[row] ?? '',
    samples: samples[row] ?? 0,
    magnitude: magnitudes[row] ?? 0,
  }));
}

export function selectFoldSizes(what: Fold): Sql {
  const params = new SqlParams();
  const conditions = [...onlyConditions(what, params), ...timeConditions(what, params)];
  const text = `SELECT CAST(tenant AS String) AS tenant_id, CAST(type AS String) AS type_id,
  CAST(service AS String) AS service_name, toFloat64(sum(length(stacks))) AS samples,
  sum(abs(toFloat64(total))) AS magnitude
FROM ${SOURCES[what.level].table} FINAL
WHERE ${allOf(conditions)}
GROUP BY tenant_id, type_id, service_name
ORDER BY tenant_id, type_id, service_name`;
  return { text, params: params.values };
}

export function insertFold(what: Fold, slice: FoldSlice): Sql {
  const source = SOURCES[what.level];
  const params = new SqlParams();
  const conditions = [
    `tenant = ${params.bind('tenant', 'String', slice.tenant)}`,
    `type = ${params.bind('type', 'String', slice.type)}`,
    `service IN ${params.bind('services', 'Array(String)', slice.services)}`,
    ...timeConditions(what, params),
  ];
  if (slice.fingerprints !== undefined) {
    const [first, last] = slice.fingerprints;
    conditions.push(
      `fp BETWEEN ${params.bind('first', 'UInt64', first)} AND ${params.bind('last', 'UInt64', last)}`,
    );
  }
  // sumMap leaves stacks out that add up to 0, and sorts the others.
  const text = `INSERT INTO ${source.target}
  (tenant, retention_days, type, kind, service, fp, ts, ver, profiles, duration_ms, total, stacks, vals)
SELECT tenant, ${source.retention}, type, kind, service, fp, ${source.bucket} AS bucket,
  ${params.bind('version', 'UInt64', what.version)}, ${source.profiles}, sum(duration_ms), sum(total),
  (sumMap(stacks, vals) AS merged).1, merged.2
FROM ${source.table} FINAL
WHERE ${allOf(conditions)}
GROUP BY tenant, type, kind, service, fp, bucket`;
  return { text, params: params.values };
}

function onlyConditions({ only }: Fold, params: SqlParams): string[] {
  if (only === undefined) return [];
  return [
    `tenant = ${params.bind('tenant', 'String', only.tenant)}`,
    `service IN ${params.bind('services', 'Array(String)', only.services)}`,
  ];
}

function timeConditions(what: Fold, params: SqlParams): string[] {
  const { time } = SOURCES[what.level];
  return [
    `ts >= ${time(params.bind('from', 'Int64', what.bucketMs))}`,
    `ts < ${time(params.bind('to', 'Int64', what.bucketMs + BUCKET_MS[what.level]))}`,
  ];
}
