import type { ClickHouse } from '../../client.ts';
import type { NativeAnswer } from '../../native/decode.ts';
import { readClock } from '../../rollup/rollup-state.ts';
import { allOf, type Sql, SqlParams } from '../../sql.ts';
import { type FoldedState, type LevelPlan, planOf, type PlanRange, rawPlan } from './row-plan.ts';
import { checkedRange, isServiceMatcher, type SeriesFilter } from '../profile-filter.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Shorter ranges are read from raw profiles: a plan would cost more than it spares. */
const LEAST_PLANNED_MS = 3 * HOUR_MS;
/** ClickHouse's `DateTime` ends in 2106. */
const LAST_SECOND = 0xffff_ffff;
/** Hours of the longest retention, and as many late ones again. */
const MAX_STATE_ROWS = 200_000;

/** Which levels a read may use: `best`, or raw profiles alone, which is what the others are measured by. */
export type LevelChoice = 'best' | 'raw';

/** What a reader asks of the rows of a plan. */
export type PlanNeeds = Pick<PlanRange, 'coarsest' | 'cutMs'>;

/**
 * How to read a range. It is asked anew for every read, because a profile that arrives for a folded hour counts from
 * the moment it is stored: its mark takes the hour back to raw profiles until it is folded again.
 */
export async function readPlan(
  clickhouse: ClickHouse,
  filter: SeriesFilter,
  choice: LevelChoice = 'best',
  needs: PlanNeeds = {},
): Promise<LevelPlan> {
  if (choice === 'raw' || needs.coarsest === 'raw') return rawPlan(checkedRange(filter));
  return planWith(await readFoldedState(clickhouse, filter), filter, needs);
}

/** What is folded of a range; undefined where it should be read from raw profiles alone. */
export async function readFoldedState(
  clickhouse: ClickHouse,
  filter: SeriesFilter,
): Promise<FoldedState | undefined> {
  const { fromMs, toMs } = checkedRange(filter);
  if (toMs - fromMs < LEAST_PLANNED_MS) return undefined;
  const answer = await clickhouse.select(selectFoldedState(filter));
  // Too much to judge: raw profiles are always right.
  if (answer.rows > MAX_STATE_ROWS) return undefined;
  return withoutExpired(clickhouse, stateOf(answer));
}

export function planWith(
  state: FoldedState | undefined,
  filter: SeriesFilter,
  needs: PlanNeeds = {},
): LevelPlan {
  const range = checkedRange(filter);
  if (state === undefined) return rawPlan(range);
  return planOf(state, { ...range, ...needs, isOneService: exactServices(filter).length > 0 });
}

function exactServices(filter: SeriesFilter): string[] {
  return filter.matchers.filter((m) => isServiceMatcher(m) && m.op === '=').map(({ value }) => value);
}

/**
 * Folded and moved buckets and marks that touch the range, which each may come several times. The days at its ends count as a
 * whole: a mark may lie outside the range and yet in its day.
 */
export function selectFoldedState(filter: SeriesFilter): Sql {
  const params = new SqlParams();
  const { fromMs, toMs } = checkedRange(filter);
  const second = (name: string, dayMs: number): string =>
    `toDateTime(${params.bind(name, 'UInt32', Math.min(dayMs / 1000, LAST_SECOND))}, 'UTC')`;
  const from = second('from', Math.floor(fromMs / DAY_MS) * DAY_MS);
  const to = second('to', Math.ceil(toMs / DAY_MS) * DAY_MS);
  const tenant = params.bind('tenant', 'String', filter.tenant);
  const services = exactServices(filter);
  const names = services.length === 0 ? '' : params.bind('services', 'Array(String)', services);
  const among = (list: string): string[] => (names === '' ? [] : [`service IN ${list}`]);
  const text = `SELECT CAST(level AS String) AS source, CAST(tenant AS String) AS tenant_id,
  CAST(service AS String) AS service_name, toUInt32(bucket) AS start, toFloat64(version) AS time_ms
FROM rollup_state
WHERE ${allOf(["level IN ('hour', 'day', 'moved')", `tenant IN ('', ${tenant})`, `bucket >= ${from}`, `bucket < ${to}`, ...among(`arrayConcat([''], ${names})`)])}
UNION ALL
SELECT 'mark' AS source, CAST(tenant AS String) AS tenant_id, CAST(service AS String) AS service_name,
  toUInt32(hour) AS start, toFloat64(toUnixTimestamp64Milli(at)) AS time_ms
FROM late_hours
WHERE ${allOf([`tenant = ${tenant}`, `hour >= ${from}`, `hour < ${to}`, ...among(names)])}
LIMIT ${params.bind('limit', 'UInt32', MAX_STATE_ROWS + 1)}`;
  return { text, params: params.values };
}

/** A mark takes its bucket back unless the bucket, or the service in it, was folded at a later version. */
function stateOf(answer: NativeAnswer): ReadState {
  const sources = answer.strings('source');
  const tenants = answer.strings('tenant_id');
  const starts = answer.numbers('start');
  const services = answer.strings('service_name');
  const times = answer.numbers('time_ms');
  const whole = { hour: new Map<number, number>(), day: new Map<number, number>() };
  const own = { hour: new Map<string, number>(), day: new Map<string, number>() };
  sources.forEach((level, row) => {
    if (level !== 'hour' && level !== 'day') return;
    const startMs = (starts[row] ?? 0) * 1000;
    const version = times[row] ?? 0;
    if (tenants[row] === '') raise(whole[level], startMs, version);
    else raise(own[level], `${startMs} ${services[row]}`, version);
  });
  const late = new Map<string, LateBuckets>();
  sources.forEach((source, row) => {
    if (source !== 'mark') return;
    const service = services[row] ?? '';
    const hourMs = (starts[row] ?? 0) * 1000;
    const isLate = (level: 'hour' | 'day', startMs: number): boolean => {
      const version = whole[level].get(startMs);
      if (version === undefined) return false;
      return (times[row] ?? 0) > Math.max(version, own[level].get(`${startMs} ${service}`) ?? 0);
    };
    const entry = late.get(service) ?? { hours: new Set(), days: new Set() };
    const dayMs = hourMs - (hourMs % DAY_MS);
    if (isLate('hour', hourMs)) entry.hours.add(hourMs);
    if (isLate('day', dayMs)) entry.days.add(dayMs);
    if (entry.hours.size + entry.days.size > 0) late.set(service, entry);
  });
  return {
    hours: new Set(whole.hour.keys()),
    days: new Set(whole.day.keys()),
    hasMoved: sources.includes('moved'),
    late,
  };
}

interface ReadState extends FoldedState {
  readonly late: ReadonlyMap<string, LateBuckets>;
}

interface LateBuckets {
  readonly hours: Set<number>;
  readonly days: Set<number>;
}

function raise<K>(versions: Map<K, number>, key: K, version: number): void {
  versions.set(key, Math.max(version, versions.get(key) ?? 0));
}

/** Forgets what is late in buckets of which nothing raw is left: what is folded is all there is. */
async function withoutExpired(clickhouse: ClickHouse, state: ReadState): Promise<FoldedState> {
  if (state.late.size === 0) return state;
  const { oldestMs = Number.POSITIVE_INFINITY } = await readClock(clickhouse);
  for (const { hours, days } of state.late.values()) {
    for (const hourMs of hours) if (hourMs + HOUR_MS <= oldestMs) hours.delete(hourMs);
    for (const dayMs of days) if (dayMs + DAY_MS <= oldestMs) days.delete(dayMs);
  }
  return state;
}
