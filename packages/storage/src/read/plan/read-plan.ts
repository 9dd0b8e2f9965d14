import { DAY_MS, HOUR_MS } from '@everflame/profile';
import type { ClickHouse } from '../../client.ts';
import type { NativeAnswer } from '../../native/decode.ts';
import { floorTo, RESOLUTIONS } from '../../rollup/resolutions.ts';
import { readClock } from '../../rollup/rollup-state.ts';
import { allOf, dateTime, type Sql, SqlParams } from '../../sql.ts';
import { checkedRange, exactServices, type SeriesFilter } from '../profile-filter.ts';
import { type PlanNeeds, planRows, rawPlan, type RolledUp, type RowPlan } from './row-plan.ts';

/** Shorter ranges are read from raw profiles: a plan would cost more than it spares. */
const LEAST_PLANNED_MS = 3 * HOUR_MS;
/** Hours of the longest retention, and as many late ones again. */
const MAX_STATE_ROWS = 200_000;

/**
 * Returns how to read a range. It is asked anew for every read, because a profile that arrives for an hour that is rolled
 * up counts from the moment it is stored: the late hour is read from raw profiles until it is rolled up again.
 */
export async function readPlan(
  clickhouse: ClickHouse,
  filter: SeriesFilter,
  needs: PlanNeeds = {},
): Promise<RowPlan> {
  const { isFine } = needs;
  if (isFine !== undefined && !RESOLUTIONS.some((resolution) => isFine(resolution))) {
    return rawPlan(checkedRange(filter));
  }
  return planWith(await readRolledUp(clickhouse, filter), filter, needs);
}

/** Returns what is rolled up of a range; undefined where it should be read from raw profiles alone. */
export async function readRolledUp(
  clickhouse: ClickHouse,
  filter: SeriesFilter,
): Promise<RolledUp | undefined> {
  const { fromMs, toMs } = checkedRange(filter);
  if (toMs - fromMs < LEAST_PLANNED_MS) return undefined;
  const answer = await clickhouse.select(selectRolledUp(filter));
  // Too much to judge: raw profiles are always right.
  if (answer.rows > MAX_STATE_ROWS) return undefined;
  return withoutExpired(clickhouse, judgeState(answer));
}

export function planWith(
  rolledUp: RolledUp | undefined,
  filter: SeriesFilter,
  needs: PlanNeeds = {},
): RowPlan {
  const range = checkedRange(filter);
  if (rolledUp === undefined) return rawPlan(range);
  return planRows(rolledUp, { ...range, ...needs, isOneService: exactServices(filter).length > 0 });
}

/**
 * Buckets that are rolled up or moved, and late hours, that touch the range; each may come several times. The coarsest
 * buckets at its ends count as a whole: a late hour may lie outside the range and yet in its day.
 */
export function selectRolledUp(filter: SeriesFilter): Sql {
  const params = new SqlParams();
  const { fromMs, toMs } = checkedRange(filter);
  const widestMs = Math.max(DAY_MS, ...RESOLUTIONS.map(({ widthMs }) => widthMs));
  const from = dateTime('from', Math.floor(fromMs / widestMs) * widestMs, params);
  const to = dateTime('to', Math.ceil(toMs / widestMs) * widestMs, params);
  const tenant = params.bind('tenant', 'String', filter.tenant);
  const services = exactServices(filter);
  const names = services.length === 0 ? '' : params.bind('services', 'Array(String)', services);
  const among = (list: string): string[] => (names === '' ? [] : [`service IN ${list}`]);
  const levels = [...RESOLUTIONS.map(({ name }) => name), 'moved'].map((name) => `'${name}'`).join(', ');
  return params.sql(`SELECT CAST(level AS String) AS source, CAST(tenant AS String) AS tenant_id,
  CAST(service AS String) AS service_name, toUInt32(bucket) AS start, toFloat64(version) AS time_ms
FROM rollup_state
WHERE ${allOf([`level IN (${levels})`, `tenant IN ('', ${tenant})`, `bucket >= ${from}`, `bucket < ${to}`, ...among(`arrayConcat([''], ${names})`)])}
UNION ALL
SELECT 'late' AS source, CAST(tenant AS String) AS tenant_id, CAST(service AS String) AS service_name,
  toUInt32(hour) AS start, toFloat64(toUnixTimestamp64Milli(at)) AS time_ms
FROM late_hours
WHERE ${allOf([`tenant = ${tenant}`, `hour >= ${from}`, `hour < ${to}`, ...among(names)])}
LIMIT ${params.bind('limit', 'UInt32', MAX_STATE_ROWS + 1)}`);
}

/** A late hour takes its buckets back unless the bucket, or the service in it, was rolled up at a later version. */
function judgeState(answer: NativeAnswer): ReadState {
  const sources = answer.strings('source');
  const tenants = answer.strings('tenant_id');
  const starts = answer.numbers('start');
  const services = answer.strings('service_name');
  const times = answer.numbers('time_ms');
  const versions = new Map(RESOLUTIONS.map(({ name }) => [name, new BucketVersions()]));
  sources.forEach((source, row) => {
    const service = tenants[row] === '' ? undefined : services[row];
    versions.get(source)?.raise((starts[row] ?? 0) * 1000, service, times[row] ?? 0);
  });
  const late = new Map<string, Map<string, Set<number>>>();
  sources.forEach((source, row) => {
    if (source !== 'late') return;
    const service = services[row] ?? '';
    const found = RESOLUTIONS.map((resolution) => ({
      name: resolution.name,
      startMs: floorTo(resolution, (starts[row] ?? 0) * 1000),
    })).filter(({ name, startMs }) => versions.get(name)?.isLate(startMs, service, times[row] ?? 0) === true);
    for (const { name, startMs } of found) addBucket(late, service, name, startMs);
  });
  return {
    buckets: new Map([...versions].map(([name, { starts }]) => [name, starts])),
    hasMoved: sources.includes('moved'),
    late,
  };
}

function addBucket(
  late: Map<string, Map<string, Set<number>>>,
  service: string,
  name: string,
  startMs: number,
): void {
  const buckets = late.get(service) ?? new Map<string, Set<number>>();
  late.set(service, buckets.set(name, (buckets.get(name) ?? new Set()).add(startMs)));
}

interface ReadState extends RolledUp {
  readonly late: ReadonlyMap<string, ReadonlyMap<string, Set<number>>>;
}

/** When the buckets of a resolution were rolled up, as a whole and for single services. */
class BucketVersions {
  readonly #whole = new Map<number, number>();
  readonly #own = new Map<string, number>();

  get starts(): ReadonlySet<number> {
    return new Set(this.#whole.keys());
  }

  /** The bucket as a whole where no service is named. */
  raise(startMs: number, service: string | undefined, version: number): void {
    if (service === undefined) this.#whole.set(startMs, Math.max(version, this.#whole.get(startMs) ?? 0));
    else this.#own.set(`${startMs} ${service}`, Math.max(version, this.#ownVersion(startMs, service)));
  }

  /** Whether something came for the service after the bucket was rolled up. */
  isLate(startMs: number, service: string, atMs: number): boolean {
    const version = this.#whole.get(startMs);
    return version !== undefined && atMs > Math.max(version, this.#ownVersion(startMs, service));
  }

  #ownVersion(startMs: number, service: string): number {
    return this.#own.get(`${startMs} ${service}`) ?? 0;
  }
}

/** Forgets what is late in buckets of which nothing raw is left: what is rolled up is all there is. */
async function withoutExpired(clickhouse: ClickHouse, state: ReadState): Promise<RolledUp> {
  if (state.late.size === 0) return state;
  const { oldestMs = Number.POSITIVE_INFINITY } = await readClock(clickhouse);
  for (const late of state.late.values()) {
    for (const { name, widthMs } of RESOLUTIONS) {
      const starts = late.get(name) ?? new Set<number>();
      for (const startMs of starts) if (startMs + widthMs <= oldestMs) starts.delete(startMs);
    }
  }
  return state;
}
