import type { ClickHouseSettings } from '@clickhouse/client';
import type { TimeRange } from '@everflame/profile';
import type { ClickHouse } from '../client.ts';
import { allOf, dateTime, type Sql, SqlParams } from '../sql.ts';
import { finerThan, type Resolution, timeText } from './resolutions.ts';
import type { ServiceOfTenant } from '../write/late-hours.ts';
import { writeState } from './rollup-state.ts';

/** What to roll up: a bucket as a whole, or some services of a tenant in it. */
export interface RollupTask {
  readonly resolution: Resolution;
  /** Start, Unix ms. */
  readonly bucketMs: number;
  /** The highest wins, row by row. */
  readonly version: number;
  readonly only?: { readonly tenant: string; readonly services: readonly string[] } | undefined;
}

/** A part of a bucket that one statement rolls up. */
export interface RollupSlice {
  readonly tenant: string;
  readonly type: string;
  readonly services: readonly string[];
  /** First and last fingerprint as decimal text; all where absent. */
  readonly fingerprints?: readonly [string, string] | undefined;
}

/** How much a service has of a type; `magnitude` is the sum of the absolute totals. */
type SourceSize = Awaited<ReturnType<typeof readSizes>>[number];

/**
 * Memory of a statement grows with the distinct stacks of its series, which are at most its samples: some hundred
 * bytes each.
 */
const SAMPLES_PER_STATEMENT = 4_000_000;
const SERVICES_PER_STATEMENT = 500;
const MAX_MAGNITUDE = 2 ** 62;

/** Returns where the rows of a resolution come from and how columns are gathered. */
function sourceOf(resolution: Resolution): {
  readonly finer: Resolution | undefined;
  readonly table: string;
  readonly retention: string;
  readonly profiles: string;
} {
  const finer = finerThan(resolution);
  return finer === undefined
    ? { finer, table: 'profiles', retention: 'max(rollup_days)', profiles: 'count()' }
    : { finer, table: finer.table, retention: 'max(retention_days)', profiles: 'sum(profiles)' };
}

/**
 * Rolls a bucket up into one row per tenant, type, kind and series, a bounded part at a time, and returns whose values do
 * not fit in 64 bits when they are added up: they are left out. Repeating it is harmless: rows replace those of lower
 * versions. Readers have to find the bucket late or not rolled up meanwhile.
 */
export async function rollUp(clickhouse: ClickHouse, task: RollupTask): Promise<readonly ServiceOfTenant[]> {
  const sizes = await readSizes(clickhouse, task);
  const isTooLarge = ({ magnitude }: SourceSize): boolean => magnitude > MAX_MAGNITUDE;
  for (const slice of cutIntoSlices(sizes.filter((size) => !isTooLarge(size)))) {
    await clickhouse.command(insertRollup(task, slice), {
      ...finalSettings(task),
      // One core at most: people are waiting for the others.
      max_threads: 1,
      max_partitions_per_insert_block: '0',
    });
  }
  const { bucketMs, version } = task;
  if ((await clickhouse.select(selectMovedSeries(task))).rows > 0) {
    await writeState(clickhouse, [{ level: 'moved', bucketMs, tenant: '', service: '', version }]);
  }
  return sizes.filter(isTooLarge);
}

/** A raw profile lies in one partition; a row may have moved to another class when it was rolled up again. */
function finalSettings({ resolution }: RollupTask): ClickHouseSettings {
  return { do_not_merge_across_partitions_select_final: finerThan(resolution) === undefined ? 1 : 0 };
}

/** A row where series of the bucket have rows in several classes of retention, of which only the newest counts. */
export function selectMovedSeries(task: RollupTask): Sql {
  const params = new SqlParams();
  const conditions = [...onlyConditions(task, params), `ts = ${dateTime('bucket', task.bucketMs, params)}`];
  return params.sql(`SELECT 1 AS moved
FROM ${task.resolution.table}
WHERE ${allOf(conditions)}
GROUP BY tenant, type, service, fp, kind
HAVING uniqExact(retention_days) > 1
LIMIT 1`);
}

/** Returns which buckets of `[fromMs, toMs)` have anything to roll up, by their start in Unix ms. */
export async function readOccupied(
  clickhouse: ClickHouse,
  resolution: Resolution,
  { fromMs, toMs }: TimeRange,
): Promise<ReadonlySet<number>> {
  const { finer, table } = sourceOf(resolution);
  const params = new SqlParams();
  const sql = params.sql(`SELECT DISTINCT toUInt32(${resolution.startOf('ts')}) AS start
FROM ${table}
WHERE ts >= ${timeText(finer, params.bind('from', 'Int64', fromMs))}
  AND ts < ${timeText(finer, params.bind('to', 'Int64', toMs))}`);
  const answer = await clickhouse.select(sql);
  return new Set(Array.from(answer.numbers('start'), (seconds) => seconds * 1000));
}

/** Cuts what is to be rolled up into statements of about `limit` samples each. */
export function cutIntoSlices(sizes: readonly SourceSize[], limit = SAMPLES_PER_STATEMENT): RollupSlice[] {
  const slices: RollupSlice[] = [];
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
function splitByFingerprint({ tenant, type, service }: SourceSize, parts: number): RollupSlice[] {
  const edge = (part: number): bigint => (BigInt(part) << 64n) / BigInt(parts);
  return Array.from({ length: parts }, (_, part) => ({
    tenant,
    type,
    services: [service],
    fingerprints: [String(edge(part)), String(edge(part + 1) - 1n)],
  }));
}

async function readSizes(clickhouse: ClickHouse, task: RollupTask) {
  const answer = await clickhouse.select(selectRollupSizes(task), finalSettings(task));
  return answer
    .records({
      tenant_id: 'string',
      type_id: 'string',
      service_name: 'string',
      samples: 'number',
      magnitude: 'number',
    })
    .map(({ tenant_id: tenant, type_id: type, service_name: service, ...size }) => ({
      tenant,
      type,
      service,
      ...size,
    }));
}

export function selectRollupSizes(task: RollupTask): Sql {
  const params = new SqlParams();
  const conditions = [...onlyConditions(task, params), ...timeConditions(task, params)];
  return params.sql(`SELECT CAST(tenant AS String) AS tenant_id, CAST(type AS String) AS type_id,
  CAST(service AS String) AS service_name, toFloat64(sum(length(stacks))) AS samples,
  sum(abs(toFloat64(total))) AS magnitude
FROM ${sourceOf(task.resolution).table} FINAL
WHERE ${allOf(conditions)}
GROUP BY tenant_id, type_id, service_name
ORDER BY tenant_id, type_id, service_name`);
}

export function insertRollup(task: RollupTask, slice: RollupSlice): Sql {
  const { resolution } = task;
  const source = sourceOf(resolution);
  const params = new SqlParams();
  const conditions = [
    `tenant = ${params.bind('tenant', 'String', slice.tenant)}`,
    `type = ${params.bind('type', 'String', slice.type)}`,
    `service IN ${params.bind('services', 'Array(String)', slice.services)}`,
    ...timeConditions(task, params),
  ];
  if (slice.fingerprints !== undefined) {
    const [first, last] = slice.fingerprints;
    conditions.push(
      `fp BETWEEN ${params.bind('first', 'UInt64', first)} AND ${params.bind('last', 'UInt64', last)}`,
    );
  }
  // sumMap leaves stacks out that add up to 0, and sorts the others.
  return params.sql(`INSERT INTO ${resolution.table}
  (tenant, retention_days, type, kind, service, fp, ts, ver, profiles, duration_ms, total, stacks, vals)
SELECT tenant, ${source.retention}, type, kind, service, fp, ${resolution.startOf('ts')} AS bucket,
  ${params.bind('version', 'UInt64', task.version)}, ${source.profiles}, sum(duration_ms), sum(total),
  (sumMap(stacks, vals) AS merged).1, merged.2
FROM ${source.table} FINAL
WHERE ${allOf(conditions)}
GROUP BY tenant, type, kind, service, fp, bucket`);
}

function onlyConditions({ only }: RollupTask, params: SqlParams): string[] {
  if (only === undefined) return [];
  return [
    `tenant = ${params.bind('tenant', 'String', only.tenant)}`,
    `service IN ${params.bind('services', 'Array(String)', only.services)}`,
  ];
}

function timeConditions({ resolution, bucketMs }: RollupTask, params: SqlParams): string[] {
  const { finer } = sourceOf(resolution);
  return [
    `ts >= ${timeText(finer, params.bind('from', 'Int64', bucketMs))}`,
    `ts < ${timeText(finer, params.bind('to', 'Int64', bucketMs + resolution.widthMs))}`,
  ];
}
