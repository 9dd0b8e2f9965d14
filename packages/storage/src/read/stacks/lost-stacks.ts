import type { ClickHouse } from '../../client.ts';
import { RESOLUTIONS } from '../../rollup/resolutions.ts';
import { allOf, type Sql, SqlParams } from '../../sql.ts';
import {
  exactServices,
  profileConditions,
  PROFILE_READ_SETTINGS,
  type SeriesFilter,
} from '../profile-filter.ts';

/** Returns the tables that hold stack ids, by what a row of them stands for. */
function stackTables(): readonly (readonly [level: string, table: string])[] {
  return [['profile', 'profiles'], ...RESOLUTIONS.map(({ name, table }) => [name, table] as const)];
}

/** Stacks by service; the arrays are parallel. */
export type MissingStacks = Awaited<ReturnType<typeof missingStacks>>;

/**
 * Returns what of the profiles and rollups of a range cannot be resolved, by level, type and service, as `GET
 * /api/v1/lost-stacks` answers it. Looks at every stack of them.
 */
export async function lostStacks(clickhouse: ClickHouse, filter: SeriesFilter) {
  const answer = await clickhouse.select(selectLostStacks(filter), PROFILE_READ_SETTINGS);
  return answer
    .records({
      level: 'string',
      type_id: 'string',
      service_name: 'string',
      firstMs: 'number',
      lastMs: 'number',
      rows: 'number',
      missingStacks: 'number',
      brokenStacks: 'number',
      value: 'number',
    })
    .map(({ level, type_id: type, service_name: service, ...found }) => ({
      level: level as 'profile' | 'hour' | 'day',
      type,
      service,
      ...found,
    }));
}

export function selectLostStacks(filter: SeriesFilter): Sql {
  const params = new SqlParams();
  const { conditions, isMissing, isBroken } = lostConditions(filter, params);
  const parts = stackTables().map(
    ([level, table]) => `SELECT '${level}' AS level, CAST(type AS String) AS type_id,
  CAST(service AS String) AS service_name,
  toFloat64(toUnixTimestamp(min(ts))) * 1000 AS firstMs, toFloat64(toUnixTimestamp(max(ts))) * 1000 AS lastMs,
  toUInt32(uniqExact(fp, ts${level === 'profile' ? ', pid' : ''})) AS rows,
  toUInt32(uniqExactIf(stack, is_missing)) AS missingStacks, toUInt32(uniqExactIf(stack, is_broken)) AS brokenStacks,
  sum(toFloat64(val)) AS value
FROM (
  SELECT *, ${isMissing} AS is_missing, ${isBroken} AS is_broken
  FROM (
    SELECT type, service, fp, ts${level === 'profile' ? ', pid' : ''}, stack, val
    FROM ${table} FINAL
    ARRAY JOIN stacks AS stack, vals AS val
    WHERE ${conditions}
  )
  WHERE is_missing OR is_broken
)
GROUP BY type, service`,
  );
  return params.sql(`SELECT * FROM (${parts.join('\nUNION ALL\n')})\nORDER BY service_name, type_id, level`);
}

/** Stacks of the range that are not stored, each once per service, at most `limit`. */
export async function missingStacks(clickhouse: ClickHouse, filter: SeriesFilter, limit: number) {
  const answer = await clickhouse.select(selectMissingStacks(filter, limit), PROFILE_READ_SETTINGS);
  const { lo, hi } = answer.uint64('stack');
  return {
    services: answer.strings('service_name').slice(0, limit),
    idLo: lo.slice(0, limit),
    idHi: hi.slice(0, limit),
    truncated: lo.length > limit,
  };
}

/** One row more than `limit`, so that a cut shows. */
export function selectMissingStacks(filter: SeriesFilter, limit: number): Sql {
  const params = new SqlParams();
  const { conditions, isMissing } = lostConditions(filter, params);
  const parts = stackTables().map(
    ([, table]) => `SELECT service, stack FROM ${table} ARRAY JOIN stacks AS stack WHERE ${conditions}`,
  );
  return params.sql(`SELECT DISTINCT CAST(service AS String) AS service_name, stack
FROM (${parts.join('\nUNION ALL\n')})
WHERE ${isMissing}
ORDER BY service_name, stack
LIMIT ${params.bind('limit', 'UInt32', limit + 1)}`);
}

function lostConditions(
  filter: SeriesFilter,
  params: SqlParams,
): { conditions: string; isMissing: string; isBroken: string } {
  const conditions = allOf(profileConditions(filter, params));
  const tenant = `tenant = ${params.bind('tenant', 'String', filter.tenant)}`;
  const [service] = exactServices(filter);
  const stored =
    service === undefined
      ? tenant
      : `${tenant} AND service = ${params.bind('lost_service', 'String', service)}`;
  const frames = `SELECT id FROM frames WHERE ${tenant}`;
  return {
    conditions,
    isMissing: `(service, stack) NOT IN (SELECT service, stack FROM stacks WHERE ${stored})`,
    isBroken: `(service, stack) IN (SELECT service, stack FROM stacks ARRAY JOIN frames AS frame
      WHERE ${stored} AND frame NOT IN (${frames}))`,
  };
}
