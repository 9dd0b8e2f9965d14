import { HOUR_MS, type TimeRange } from '@everflame/profile';
import type { ClickHouse } from '../client.ts';
import type { UInt64Values } from '../native/decode.ts';
import { allOf, dateTime, type Sql, SqlParams } from '../sql.ts';
import { checkedRange, exactServices, type SeriesFilter } from './profile-filter.ts';

/** What changed last in the hours of a range. */
export interface RangeVersion {
  /** Differs whenever profiles of hours that were over have come or gone in between. */
  readonly version: string;
  /** Unix ms of the newest change; 0 where nothing came late. */
  readonly newestMs: number;
  /** ClickHouse's clock, Unix ms. */
  readonly nowMs: number;
}

/** Late hours that are read as they are; where there are more, ClickHouse sums them up. */
const MAX_LATE_HOURS = 10_000;
/**
 * Names of services, together, that are told to ClickHouse: they travel in the address, where a long one would take the
 * others down with it. Without them more late hours are read than are needed.
 */
const MAX_NAMES_LENGTH = 1000;

/**
 * Before a profile is stored whose hour is over, the hour is logged as late (ADR 0008), and so it is before a deletion: that
 * log says whether an answer about hours that are over still holds. It may be some minutes ahead of what it announces. The result has an entry per filter, in their order.
 */
export async function rangeVersions(
  clickhouse: ClickHouse,
  filters: readonly SeriesFilter[],
): Promise<RangeVersion[]> {
  const ranges = filters.map((filter) => lateRangeOf(filter));
  const answer = await clickhouse.select(selectLateHours(ranges));
  if (answer.rows > MAX_LATE_HOURS)
    return Promise.all(ranges.map((range) => summedVersion(clickhouse, range)));
  const late = {
    tenant: answer.strings('tenant_id'),
    service: answer.strings('service_name'),
    hour: answer.numbers('hour_s'),
    atMs: answer.numbers('at_ms'),
    hash: answer.uint64('hash'),
    nowMs: answer.numbers('now_ms')[0] ?? Date.now(),
  };
  return ranges.map((range) => versionOf(range, late));
}

/** Whose late hours matter: those from `fromMs` on that begin before `toMs`; '' is any service. */
interface LateRange extends TimeRange {
  readonly tenant: string;
  readonly service: string;
}

function lateRangeOf(filter: SeriesFilter): LateRange {
  const { fromMs, toMs } = checkedRange(filter);
  const [named = ''] = exactServices(filter);
  return {
    tenant: filter.tenant,
    service: named.length <= MAX_NAMES_LENGTH ? named : '',
    fromMs: Math.floor(fromMs / HOUR_MS) * HOUR_MS,
    toMs: Math.ceil(toMs / 1000) * 1000,
  };
}

interface LateHours {
  readonly tenant: readonly string[];
  readonly service: readonly string[];
  readonly hour: Float64Array;
  readonly atMs: Float64Array;
  readonly hash: UInt64Values;
  readonly nowMs: number;
}

function versionOf(range: LateRange, late: LateHours): RangeVersion {
  let count = 0;
  let sum = 0n;
  let newestMs = 0;
  for (let row = 0; row < late.hour.length; row++) {
    const hourMs = (late.hour[row] as number) * 1000;
    const isOther = range.service !== '' && range.service !== late.service[row];
    if (isOther || late.tenant[row] !== range.tenant || hourMs < range.fromMs || hourMs >= range.toMs)
      continue;
    count++;
    sum += (BigInt(late.hash.hi[row] as number) << 32n) | BigInt(late.hash.lo[row] as number);
    newestMs = Math.max(newestMs, late.atMs[row] as number);
  }
  return { version: `${count}-${BigInt.asUintN(64, sum)}`, newestMs, nowMs: late.nowMs };
}

/** The late hours of all ranges: conditions for each of them would take longer to plan than rows to read. */
function selectLateHours(ranges: readonly LateRange[]): Sql {
  const params = new SqlParams();
  const services = [...new Set(ranges.map(({ service }) => service))];
  const conditions = [
    `tenant IN ${params.bind('tenants', 'Array(String)', [...new Set(ranges.map(({ tenant }) => tenant))])}`,
    hoursText(params, {
      fromMs: Math.min(...ranges.map(({ fromMs }) => fromMs)),
      toMs: Math.max(...ranges.map(({ toMs }) => toMs)),
    }),
  ];
  if (!services.includes('') && services.join('').length <= MAX_NAMES_LENGTH) {
    conditions.push(`service IN ${params.bind('services', 'Array(String)', services)}`);
  }
  return params.sql(`SELECT CAST(tenant AS String) AS tenant_id, CAST(service AS String) AS service_name, toUnixTimestamp(hour) AS hour_s,
  toUnixTimestamp64Milli(at) AS at_ms, ${HASH} AS hash, ${NOW}
FROM late_hours FINAL
WHERE ${allOf(conditions)}
LIMIT ${MAX_LATE_HOURS + 1}`);
}

async function summedVersion(clickhouse: ClickHouse, range: LateRange): Promise<RangeVersion> {
  const answer = await clickhouse.select(selectSummedLateHours(range));
  const { lo, hi } = answer.uint64('hash');
  const hash = (BigInt(hi[0] ?? 0) << 32n) | BigInt(lo[0] ?? 0);
  return {
    version: `${answer.numbers('late')[0] ?? 0}-${hash}`,
    newestMs: answer.numbers('newest_ms')[0] ?? 0,
    nowMs: answer.numbers('now_ms')[0] ?? 0,
  };
}

function selectSummedLateHours(range: LateRange): Sql {
  const params = new SqlParams();
  const conditions = [`tenant = ${params.bind('tenant', 'String', range.tenant)}`, hoursText(params, range)];
  if (range.service !== '') conditions.push(`service = ${params.bind('service', 'String', range.service)}`);
  return params.sql(`SELECT toFloat64(count()) AS late, sum(${HASH}) AS hash,
  toUnixTimestamp64Milli(max(at)) AS newest_ms, ${NOW}
FROM late_hours FINAL
WHERE ${allOf(conditions)}`);
}

const HASH = 'cityHash64(hour, service, at)';
const NOW = "toUnixTimestamp64Milli(now64(3, 'UTC')) AS now_ms";

function hoursText(params: SqlParams, { fromMs, toMs }: TimeRange): string {
  return allOf([`hour >= ${dateTime('from', fromMs, params)}`, `hour < ${dateTime('to', toMs, params)}`]);
}
