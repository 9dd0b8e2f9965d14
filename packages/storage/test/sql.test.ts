import type { Matcher, MatcherOp } from '@everflame/profile';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { selectDocuments } from '../src/documents.ts';
import {
  selectLabelNames,
  selectLabelValues,
  selectProfileTypes,
  selectSeries,
} from '../src/read/discovery.ts';
import { selectLostStacks, selectMissingStacks } from '../src/read/stacks/lost-stacks.ts';
import { selectLabelsOf, selectProfiles } from '../src/read/list-profiles.ts';
import { insertRestored, selectFrames, selectStacks } from '../src/read/stacks/load-stacks.ts';
import { selectCoverage, selectStackSums, selectStackSumsByCount } from '../src/read/merge/merge-stacks.ts';
import type { ProfileFilter } from '../src/read/profile-filter.ts';
import { selectServiceInstances, selectServiceRates, selectServiceTotals } from '../src/read/services.ts';
import { selectTimeline } from '../src/read/timeline.ts';
import { selectSizeCounts, selectSizeRange } from '../src/read/heatmap.ts';
import { selectLabelContributions, selectSideTotals } from '../src/read/label-contributions.ts';
import { planRows, rawPlan, type RowPlan } from '../src/read/plan/row-plan.ts';
import { selectProfileStacks } from '../src/read/stacks/profile-stacks.ts';
import { selectRolledUp } from '../src/read/plan/read-plan.ts';
import { RESOLUTIONS } from '../src/rollup/resolutions.ts';
import { insertRollup, selectRollupSizes } from '../src/rollup/roll-up.ts';
import { selectStale } from '../src/rollup/rollup-state.ts';
import { idLiterals, type Sql } from '../src/sql.ts';
import { CPU, TEN_O_CLOCK } from './profile-rows.ts';

function filterWith(matchers: readonly Matcher[], overrides: Partial<ProfileFilter> = {}): ProfileFilter {
  return {
    tenant: 'acme',
    profileTypeId: CPU,
    matchers,
    fromMs: TEN_O_CLOCK,
    toMs: TEN_O_CLOCK + 3_600_000,
    ...overrides,
  };
}

/** All resolutions, with one service that is late in an hour. */
function planFor(service: string): RowPlan {
  const hours = new Set([TEN_O_CLOCK, TEN_O_CLOCK + 3_600_000, TEN_O_CLOCK - 36_000_000 + 86_400_000]);
  const late = new Map([['hour', new Set([TEN_O_CLOCK])]]);
  const buckets = new Map([
    ['hour', hours],
    ['day', new Set([TEN_O_CLOCK + 50_400_000])],
  ]);
  const state = { buckets, late: new Map([[service, late]]) };
  return planRows(state, { fromMs: TEN_O_CLOCK, toMs: TEN_O_CLOCK + 172_800_000 });
}

function everyStatement(filter: ProfileFilter, label: string, services: readonly string[]): Sql[] {
  const ids = { tenant: filter.tenant, idLo: Uint32Array.of(1), idHi: Uint32Array.of(2) };
  const [service = ''] = services;
  const plan = planFor(service);
  const sides = { left: { filter, plan }, right: { filter, plan } };
  const id = { lo: 1, hi: 2 };
  const profile = { timeMs: 1, fingerprint: id, profileId: id, service, durationMs: 1, total: 1 };
  const task = { resolution: RESOLUTIONS[0]!, bucketMs: 0, version: 1 };
  return [
    insertRollup(task, { tenant: filter.tenant, type: filter.profileTypeId, services }),
    selectRollupSizes({ ...task, only: { tenant: filter.tenant, services } }),
    selectLostStacks(filter),
    selectMissingStacks(filter, 1),
    insertRestored({ ...ids, service }),
    selectCoverage(filter, plan),
    selectStackSums(filter, 'interval', plan),
    selectStackSumsByCount(filter, 'gauge', plan),
    selectRolledUp(filter),
    selectStacks({ ...ids, services }),
    selectFrames(ids),
    selectTimeline(filter, { stepMs: 15_000, groupBy: label }, plan),
    selectProfileTypes(filter),
    selectLabelNames(filter),
    selectLabelValues(filter, label, 10),
    selectSeries(filter, 10),
    selectServiceTotals(filter, plan),
    selectServiceRates(filter, 60_000, plan),
    selectServiceInstances(filter, plan),
    selectProfiles(filter, 10),
    selectLabelsOf(filter, [profile]),
    selectProfileStacks({ ...profile, tenant: filter.tenant, profileTypeId: filter.profileTypeId }),
    selectSizeRange(filter),
    selectSizeCounts(filter, { kind: 'gauge', stepMs: 1, edges: Float64Array.of(1, 2) }),
    selectSideTotals(sides),
    selectLabelContributions(sides, 'gauge', { names: 1, values: 1 }),
    selectDocuments('rules', filter.tenant),
  ];
}

describe('statements', () => {
  it('never contain a value that came from outside', () => {
    const hostile = fc.oneof(
      fc.constantFrom("' OR 1=1 --", '{tenant:String}', "\\'; DROP TABLE profiles", '`', '\n', '*/', '😀'),
      fc.string(),
    );
    const op = fc.constantFrom<MatcherOp>('=', '!=', '=~', '!~');
    fc.assert(
      fc.property(hostile, hostile, hostile, op, (tenant, name, value, op) => {
        const matchers = (label: string, value: string): Matcher[] => [
          { name: label, op, value },
          { name: 'service_name', op, value },
        ];
        const bad = everyStatement(
          filterWith(matchers(name, value), { tenant, profileTypeId: value }),
          name,
          [value],
        );
        const good = everyStatement(filterWith(matchers('zone', 'eu')), 'zone', ['checkout']);
        fc.pre(name !== 'service_name');
        expect(bad.map((sql) => sql.text)).toEqual(good.map((sql) => sql.text));
      }),
    );
  });

  it('hold ids as digits only', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(0xffff_ffff), fc.nat(0xffff_ffff))), (ids) => {
        const literals = idLiterals(
          Uint32Array.from(ids, ([lo]) => lo),
          Uint32Array.from(ids, ([, hi]) => hi),
        );
        expect(literals).toBe(ids.map(([lo, hi]) => (BigInt(hi) << 32n) | BigInt(lo)).join(','));
      }),
    );
  });

  it('merge a whole type without a look at series', () => {
    expect(selectStackSums(filterWith([]), 'interval', rawPlan(filterWith([])))).toMatchInlineSnapshot(`
      {
        "params": {
          "kind": "interval",
          "part0_from0": 4102740000000,
          "part0_to0": 4102743600000,
          "tenant": "acme",
          "type": "process_cpu:cpu:nanoseconds:cpu:nanoseconds",
        },
        "text": "SELECT stack, sum(value) AS stack_sum
      FROM (
        SELECT stacks, vals
        FROM profiles FINAL
        WHERE tenant = {tenant:String}
        AND type = {type:String}
        AND ts >= fromUnixTimestamp64Milli({part0_from0:Int64}, 'UTC') AND ts < fromUnixTimestamp64Milli({part0_to0:Int64}, 'UTC')
        AND kind = {kind:String}
      ) AS matching
      ARRAY JOIN stacks AS stack, vals AS value
      GROUP BY stack
      HAVING stack_sum != 0",
      }
    `);
  });

  it('merge one service by the key alone', () => {
    const filter = filterWith([{ name: 'service_name', op: '=', value: 'checkout' }]);
    expect(selectCoverage(filter, rawPlan(filter))).toMatchInlineSnapshot(`
      {
        "params": {
          "matcher0_value": "checkout",
          "part0_from0": 4102740000000,
          "part0_to0": 4102743600000,
          "tenant": "acme",
          "type": "process_cpu:cpu:nanoseconds:cpu:nanoseconds",
        },
        "text": "SELECT kind, toFloat64(sum(row_profiles)) AS profiles, toUInt32(uniqExact(fp)) AS series,
        toFloat64(sum(duration_ms)) AS duration_sum, toFloat64(sum(toInt128(total))) AS stored_total
      FROM (
        SELECT kind, fp, duration_ms, total, toUInt64(1) AS row_profiles
        FROM profiles FINAL
        WHERE tenant = {tenant:String}
        AND type = {type:String}
        AND service = {matcher0_value:String}
        AND ts >= fromUnixTimestamp64Milli({part0_from0:Int64}, 'UTC') AND ts < fromUnixTimestamp64Milli({part0_to0:Int64}, 'UTC')
      ) AS matching
      GROUP BY kind",
      }
    `);
  });

  it('look services up that are matched otherwise, and series by label', () => {
    const filter = filterWith([
      { name: 'service_name', op: '=~', value: 'check.*' },
      { name: 'zone', op: '!=', value: 'eu' },
    ]);
    expect(selectStackSumsByCount(filter, 'gauge', rawPlan(filter))).toMatchInlineSnapshot(`
      {
        "params": {
          "from_day": "2100-01-04",
          "kind": "gauge",
          "matcher0_value": "^(?:check.*)$",
          "matcher1_name": "zone",
          "matcher1_value": "eu",
          "part0_from0": 4102740000000,
          "part0_to0": 4102743600000,
          "tenant": "acme",
          "to_day": "2100-01-04",
          "type": "process_cpu:cpu:nanoseconds:cpu:nanoseconds",
        },
        "text": "SELECT series_profiles, stack, sum(value) AS stack_sum
      FROM (
        SELECT fp, stacks, vals
        FROM profiles FINAL
        WHERE tenant = {tenant:String}
        AND type = {type:String}
        AND service IN (SELECT DISTINCT service FROM series WHERE tenant = {tenant:String} AND day >= {from_day:Date} AND day <= {to_day:Date} AND type = {type:String} AND match(service, {matcher0_value:String}) AND match('', {matcher0_value:String}) < 2 AND labels[{matcher1_name:String}] != {matcher1_value:String})
        AND fp IN (SELECT DISTINCT fp FROM series WHERE tenant = {tenant:String} AND day >= {from_day:Date} AND day <= {to_day:Date} AND type = {type:String} AND match(service, {matcher0_value:String}) AND match('', {matcher0_value:String}) < 2 AND labels[{matcher1_name:String}] != {matcher1_value:String})
        AND ts >= fromUnixTimestamp64Milli({part0_from0:Int64}, 'UTC') AND ts < fromUnixTimestamp64Milli({part0_to0:Int64}, 'UTC')
        AND kind = {kind:String}
      ) AS matching
      INNER JOIN (
        SELECT fp, toUInt32(sum(row_profiles)) AS series_profiles
        FROM (
        SELECT fp, toUInt64(1) AS row_profiles
        FROM profiles FINAL
        WHERE tenant = {tenant:String}
        AND type = {type:String}
        AND service IN (SELECT DISTINCT service FROM series WHERE tenant = {tenant:String} AND day >= {from_day:Date} AND day <= {to_day:Date} AND type = {type:String} AND match(service, {matcher0_value:String}) AND match('', {matcher0_value:String}) < 2 AND labels[{matcher1_name:String}] != {matcher1_value:String})
        AND fp IN (SELECT DISTINCT fp FROM series WHERE tenant = {tenant:String} AND day >= {from_day:Date} AND day <= {to_day:Date} AND type = {type:String} AND match(service, {matcher0_value:String}) AND match('', {matcher0_value:String}) < 2 AND labels[{matcher1_name:String}] != {matcher1_value:String})
        AND ts >= fromUnixTimestamp64Milli({part0_from0:Int64}, 'UTC') AND ts < fromUnixTimestamp64Milli({part0_to0:Int64}, 'UTC')
        AND kind = {kind:String}
        ) AS counting
        GROUP BY fp
      ) AS counted USING (fp)
      ARRAY JOIN stacks AS stack, vals AS value
      GROUP BY series_profiles, stack
      HAVING stack_sum != 0
      ORDER BY stack, series_profiles",
      }
    `);
  });

  it('bucket totals by label', () => {
    const filter = filterWith([{ name: 'service_name', op: '=', value: 'checkout' }]);
    expect(selectTimeline(filter, { stepMs: 15_000, groupBy: 'version' }, rawPlan(filter)))
      .toMatchInlineSnapshot(`
        {
          "params": {
            "from_day": "2100-01-04",
            "group_by": "version",
            "matcher0_value": "checkout",
            "part0_from0": 4102740000000,
            "part0_to0": 4102743600000,
            "start": 4102740000000,
            "step": 15000,
            "tenant": "acme",
            "to_day": "2100-01-04",
            "type": "process_cpu:cpu:nanoseconds:cpu:nanoseconds",
          },
          "text": "SELECT kind, label_value AS group_value, bucket, toFloat64(sum(series_sum)) AS bucket_sum,
          arraySum(arraySort(groupArray(toFloat64(series_sum) / toFloat64(if(series_ms > 0, series_ms, toUInt64({step:Int64})))))) * 1000 AS bucket_rate,
          arraySum(arraySort(groupArray(toFloat64(series_sum) / series_profiles))) AS bucket_average, toUInt32(sum(series_profiles)) AS bucket_profiles,
          toUInt32(count()) AS bucket_series
        FROM (
          SELECT fp, kind, any(service) AS service, bucket, sum(toInt128(total)) AS series_sum,
            sum(duration_ms) AS series_ms, sum(row_profiles) AS series_profiles
          FROM (
          SELECT fp, kind, service, duration_ms, total, toUInt64(1) AS row_profiles, toUInt32(intDiv(toUnixTimestamp64Milli(ts) - {start:Int64}, {step:Int64})) AS bucket
          FROM profiles FINAL
          WHERE tenant = {tenant:String}
          AND type = {type:String}
          AND service = {matcher0_value:String}
          AND ts >= fromUnixTimestamp64Milli({part0_from0:Int64}, 'UTC') AND ts < fromUnixTimestamp64Milli({part0_to0:Int64}, 'UTC')
          ) AS matching
          GROUP BY fp, kind, bucket
        ) AS bucketed
        LEFT JOIN (
          SELECT fp, any(CAST(labels[{group_by:String}] AS String)) AS label_value
          FROM series
          WHERE tenant = {tenant:String}
          AND day >= {from_day:Date}
          AND day <= {to_day:Date}
          AND type = {type:String}
          AND service = {matcher0_value:String}
          GROUP BY fp
        ) AS labelled USING (fp)
        GROUP BY kind, group_value, bucket",
        }
      `);
  });

  it('total services over two ranges', () => {
    expect(selectServiceTotals(filterWith([]), rawPlan(filterWith([]))).text).toMatchInlineSnapshot(`
      "SELECT CAST(service AS String) AS service_name, CAST(type AS String) AS type_id, kind, is_current,
        if(kind = 'interval', toFloat64(sum(series_sum)), arraySum(arraySort(groupArray(toFloat64(series_sum) / series_profiles)))) AS average,
        toUInt32(sum(series_profiles)) AS profiles, toUInt32(count()) AS series
      FROM (
        SELECT service, type, kind, fp, row_ms >= {middle:Int64} AS is_current,
          sum(toInt128(total)) AS series_sum, sum(row_profiles) AS series_profiles
        FROM (
        SELECT service, type, kind, fp, total, toUnixTimestamp64Milli(ts) AS row_ms, toUInt64(1) AS row_profiles
        FROM profiles FINAL
        WHERE tenant = {tenant:String}
        AND type = {type:String}
        AND ts >= fromUnixTimestamp64Milli({part0_from0:Int64}, 'UTC') AND ts < fromUnixTimestamp64Milli({part0_to0:Int64}, 'UTC')
        ) AS matching
        GROUP BY service, type, kind, fp, is_current
      ) AS per_series
      GROUP BY service_name, type_id, kind, is_current
      ORDER BY service_name, type_id, kind, is_current"
    `);
  });

  it('look label values up without the label sets where only the service is matched', () => {
    const byService = filterWith([{ name: 'service_name', op: '=', value: 'checkout' }]);
    expect(selectLabelValues(byService, 'zone', 10).text).toMatchInlineSnapshot(`
      "SELECT DISTINCT val AS value
      FROM label_values
      WHERE tenant = {tenant:String}
        AND day >= {from_day:Date}
        AND day <= {to_day:Date}
        AND type = {type:String}
        AND service = {matcher0_value:String}
        AND key = {label:String}
      ORDER BY value
      LIMIT {limit:UInt32}"
    `);
    const byZone = filterWith([{ name: 'zone', op: '!~', value: 'eu-.*' }]);
    expect(selectLabelValues(byZone, 'version', 10).text).toMatchInlineSnapshot(`
      "SELECT DISTINCT CAST(labels[{label:String}] AS String) AS value
      FROM series
      WHERE tenant = {tenant:String}
        AND day >= {from_day:Date}
        AND day <= {to_day:Date}
        AND type = {type:String}
        AND NOT match(labels[{matcher0_name:String}], {matcher0_value:String}) AND match('', {matcher0_value:String}) < 2
        AND mapContains(labels, {label:String})
      ORDER BY value
      LIMIT {limit:UInt32}"
    `);
  });

  it('roll an hour up', () => {
    const slice = { tenant: 'acme', type: CPU, services: ['cart'], fingerprints: ['0', '9'] } as const;
    expect(insertRollup({ resolution: RESOLUTIONS[0]!, bucketMs: TEN_O_CLOCK, version: 1 }, slice))
      .toMatchInlineSnapshot(`
      {
        "params": {
          "first": "0",
          "from": 4102740000000,
          "last": "9",
          "services": [
            "cart",
          ],
          "tenant": "acme",
          "to": 4102743600000,
          "type": "process_cpu:cpu:nanoseconds:cpu:nanoseconds",
          "version": 1,
        },
        "text": "INSERT INTO profiles_1h
        (tenant, retention_days, type, kind, service, fp, ts, ver, profiles, duration_ms, total, stacks, vals)
      SELECT tenant, max(rollup_days), type, kind, service, fp, toStartOfHour(ts) AS bucket,
        {version:UInt64}, count(), sum(duration_ms), sum(total),
        (sumMap(stacks, vals) AS merged).1, merged.2
      FROM profiles FINAL
      WHERE tenant = {tenant:String}
        AND type = {type:String}
        AND service IN {services:Array(String)}
        AND ts >= fromUnixTimestamp64Milli({from:Int64}, 'UTC')
        AND ts < fromUnixTimestamp64Milli({to:Int64}, 'UTC')
        AND fp BETWEEN {first:UInt64} AND {last:UInt64}
      GROUP BY tenant, type, kind, service, fp, bucket",
      }
    `);
  });

  it('fold a day from its hours', () => {
    const slice = { tenant: 'acme', type: CPU, services: ['cart'] } as const;
    expect(insertRollup({ resolution: RESOLUTIONS[1]!, bucketMs: 0, version: 1 }, slice).text)
      .toMatchInlineSnapshot(`
      "INSERT INTO profiles_1d
        (tenant, retention_days, type, kind, service, fp, ts, ver, profiles, duration_ms, total, stacks, vals)
      SELECT tenant, max(retention_days), type, kind, service, fp, toStartOfDay(ts) AS bucket,
        {version:UInt64}, sum(profiles), sum(duration_ms), sum(total),
        (sumMap(stacks, vals) AS merged).1, merged.2
      FROM profiles_1h FINAL
      WHERE tenant = {tenant:String}
        AND type = {type:String}
        AND service IN {services:Array(String)}
        AND ts >= toDateTime(intDiv({from:Int64}, 1000), 'UTC')
        AND ts < toDateTime(intDiv({to:Int64}, 1000), 'UTC')
      GROUP BY tenant, type, kind, service, fp, bucket"
    `);
  });

  it('find what is late', () => {
    expect(selectStale(RESOLUTIONS[1]!, 1, 10).text).toMatchInlineSnapshot(`
      "SELECT tenant_id, service_name, toUInt32(start) AS start
      FROM (
        SELECT CAST(tenant AS String) AS tenant_id, CAST(service AS String) AS service_name, toStartOfDay(hour) AS start,
          toUnixTimestamp64Milli(max(at)) AS at_ms
        FROM late_hours
        GROUP BY tenant_id, service_name, start
        HAVING at_ms <= {until:Int64}
      ) AS late
      INNER JOIN (
        SELECT bucket AS start, max(version) AS whole_version FROM rollup_state WHERE level = {level:String} AND tenant = '' AND service = '' GROUP BY start
      ) AS whole USING (start)
      LEFT JOIN (
        SELECT bucket AS start, CAST(tenant AS String) AS tenant_id, CAST(service AS String) AS service_name,
          max(version) AS own_version
        FROM rollup_state WHERE level = {level:String} AND service != '' GROUP BY start, tenant_id, service_name
      ) AS own USING (start, tenant_id, service_name)
      WHERE at_ms > greatest(whole_version, own_version)
      ORDER BY start DESC, tenant_id, service_name
      LIMIT {limit:UInt32}"
    `);
  });

  it('read all resolutions, of late services apart', () => {
    const filter = filterWith([]);
    expect(selectStackSums(filter, 'interval', planFor('cart'))).toMatchInlineSnapshot(`
      {
        "params": {
          "kind": "interval",
          "part0_from0": 4102790400000,
          "part0_services": [
            "cart",
          ],
          "part0_to0": 4102876800000,
          "part1_from0": 4102740000000,
          "part1_services": [
            "cart",
          ],
          "part1_to0": 4102747200000,
          "part2_from0": 4102747200000,
          "part2_from1": 4102876800000,
          "part2_services": [
            "cart",
          ],
          "part2_to0": 4102790400000,
          "part2_to1": 4102912800000,
          "part3_from0": 4102790400000,
          "part3_services": [
            "cart",
          ],
          "part3_to0": 4102876800000,
          "part4_from0": 4102743600000,
          "part4_services": [
            "cart",
          ],
          "part4_to0": 4102747200000,
          "part5_from0": 4102740000000,
          "part5_from1": 4102747200000,
          "part5_from2": 4102876800000,
          "part5_services": [
            "cart",
          ],
          "part5_to0": 4102743600000,
          "part5_to1": 4102790400000,
          "part5_to2": 4102912800000,
          "tenant": "acme",
          "type": "process_cpu:cpu:nanoseconds:cpu:nanoseconds",
        },
        "text": "SELECT stack, sum(value) AS stack_sum
      FROM (
        SELECT stacks, vals
        FROM profiles_1d FINAL
        WHERE tenant = {tenant:String}
        AND type = {type:String}
        AND ts >= toDateTime(intDiv({part0_from0:Int64}, 1000), 'UTC') AND ts < toDateTime(intDiv({part0_to0:Int64}, 1000), 'UTC')
        AND service NOT IN {part0_services:Array(String)}
        AND kind = {kind:String}
        UNION ALL
        SELECT stacks, vals
        FROM profiles_1h FINAL
        WHERE tenant = {tenant:String}
        AND type = {type:String}
        AND ts >= toDateTime(intDiv({part1_from0:Int64}, 1000), 'UTC') AND ts < toDateTime(intDiv({part1_to0:Int64}, 1000), 'UTC')
        AND service NOT IN {part1_services:Array(String)}
        AND kind = {kind:String}
        UNION ALL
        SELECT stacks, vals
        FROM profiles FINAL
        WHERE tenant = {tenant:String}
        AND type = {type:String}
        AND (ts >= fromUnixTimestamp64Milli({part2_from0:Int64}, 'UTC') AND ts < fromUnixTimestamp64Milli({part2_to0:Int64}, 'UTC') OR ts >= fromUnixTimestamp64Milli({part2_from1:Int64}, 'UTC') AND ts < fromUnixTimestamp64Milli({part2_to1:Int64}, 'UTC'))
        AND service NOT IN {part2_services:Array(String)}
        AND kind = {kind:String}
        UNION ALL
        SELECT stacks, vals
        FROM profiles_1d FINAL
        WHERE tenant = {tenant:String}
        AND type = {type:String}
        AND ts >= toDateTime(intDiv({part3_from0:Int64}, 1000), 'UTC') AND ts < toDateTime(intDiv({part3_to0:Int64}, 1000), 'UTC')
        AND service IN {part3_services:Array(String)}
        AND kind = {kind:String}
        UNION ALL
        SELECT stacks, vals
        FROM profiles_1h FINAL
        WHERE tenant = {tenant:String}
        AND type = {type:String}
        AND ts >= toDateTime(intDiv({part4_from0:Int64}, 1000), 'UTC') AND ts < toDateTime(intDiv({part4_to0:Int64}, 1000), 'UTC')
        AND service IN {part4_services:Array(String)}
        AND kind = {kind:String}
        UNION ALL
        SELECT stacks, vals
        FROM profiles FINAL
        WHERE tenant = {tenant:String}
        AND type = {type:String}
        AND (ts >= fromUnixTimestamp64Milli({part5_from0:Int64}, 'UTC') AND ts < fromUnixTimestamp64Milli({part5_to0:Int64}, 'UTC') OR ts >= fromUnixTimestamp64Milli({part5_from1:Int64}, 'UTC') AND ts < fromUnixTimestamp64Milli({part5_to1:Int64}, 'UTC') OR ts >= fromUnixTimestamp64Milli({part5_from2:Int64}, 'UTC') AND ts < fromUnixTimestamp64Milli({part5_to2:Int64}, 'UTC'))
        AND service IN {part5_services:Array(String)}
        AND kind = {kind:String}
      ) AS matching
      ARRAY JOIN stacks AS stack, vals AS value
      GROUP BY stack
      HAVING stack_sum != 0",
      }
    `);
  });

  it('ask what is rolled up', () => {
    expect(selectRolledUp(filterWith([])).text).toMatchInlineSnapshot(`
      "SELECT CAST(level AS String) AS source, CAST(tenant AS String) AS tenant_id,
        CAST(service AS String) AS service_name, toUInt32(bucket) AS start, toFloat64(version) AS time_ms
      FROM rollup_state
      WHERE level IN ('hour', 'day', 'moved')
        AND tenant IN ('', {tenant:String})
        AND bucket >= toDateTime({from:UInt32}, 'UTC')
        AND bucket < toDateTime({to:UInt32}, 'UTC')
      UNION ALL
      SELECT 'late' AS source, CAST(tenant AS String) AS tenant_id, CAST(service AS String) AS service_name,
        toUInt32(hour) AS start, toFloat64(toUnixTimestamp64Milli(at)) AS time_ms
      FROM late_hours
      WHERE tenant = {tenant:String}
        AND hour >= toDateTime({from:UInt32}, 'UTC')
        AND hour < toDateTime({to:UInt32}, 'UTC')
      LIMIT {limit:UInt32}"
    `);
  });

  it('refuse an empty range', () => {
    const now = TEN_O_CLOCK;
    for (const range of [{ toMs: now }, { fromMs: Number.NaN }, { toMs: now - 1 }]) {
      expect(() => selectProfiles(filterWith([], range), 1)).toThrow(
        expect.objectContaining({ code: 'invalid_range' }),
      );
    }
  });
});
