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
import { selectProfiles } from '../src/read/list-profiles.ts';
import { selectFrames } from '../src/read/load-frames.ts';
import { selectStacks } from '../src/read/load-stacks.ts';
import { selectMergeScope, selectStackSums, selectStackSumsByCount } from '../src/read/merge-stacks.ts';
import type { ProfileFilter } from '../src/read/profile-filter.ts';
import { selectServiceInstances, selectServiceTotals } from '../src/read/services.ts';
import { selectTimeline } from '../src/read/timeline.ts';
import { insertHourRollup } from '../src/rollup.ts';
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

function everyStatement(filter: ProfileFilter, label: string, services: readonly string[]): Sql[] {
  const ids = { tenant: filter.tenant, idLo: Uint32Array.of(1), idHi: Uint32Array.of(2) };
  return [
    selectMergeScope(filter),
    selectStackSums(filter, 'interval'),
    selectStackSumsByCount(filter, 'gauge'),
    selectStacks({ ...ids, services }),
    selectFrames(ids),
    selectTimeline(filter, { stepMs: 15_000, groupBy: label }),
    selectProfileTypes(filter),
    selectLabelNames(filter),
    selectLabelValues(filter, label, 10),
    selectSeries(filter, 10),
    selectServiceTotals(filter),
    selectServiceInstances(filter),
    selectProfiles(filter, 10),
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
    expect(selectStackSums(filterWith([]), 'interval')).toMatchInlineSnapshot(`
      {
        "params": {
          "from": 4102740000000,
          "kind": "interval",
          "tenant": "acme",
          "to": 4102743600000,
          "type": "process_cpu:cpu:nanoseconds:cpu:nanoseconds",
        },
        "text": "SELECT stack, sum(value) AS stack_sum
      FROM profiles FINAL
      ARRAY JOIN stacks AS stack, vals AS value
      WHERE tenant = {tenant:String}
        AND type = {type:String}
        AND ts >= fromUnixTimestamp64Milli({from:Int64}, 'UTC')
        AND ts < fromUnixTimestamp64Milli({to:Int64}, 'UTC')
        AND kind = {kind:String}
      GROUP BY stack",
      }
    `);
  });

  it('merge one service by the key alone', () => {
    const filter = filterWith([{ name: 'service_name', op: '=', value: 'checkout' }]);
    expect(selectMergeScope(filter)).toMatchInlineSnapshot(`
      {
        "params": {
          "from": 4102740000000,
          "matcher0_value": "checkout",
          "tenant": "acme",
          "to": 4102743600000,
          "type": "process_cpu:cpu:nanoseconds:cpu:nanoseconds",
        },
        "text": "SELECT kind, toUInt32(count()) AS profiles, toUInt32(uniqExact(fp)) AS series,
        toFloat64(sum(duration_ms)) AS duration_sum, sum(toFloat64(total)) AS magnitude
      FROM profiles FINAL
      WHERE tenant = {tenant:String}
        AND type = {type:String}
        AND ts >= fromUnixTimestamp64Milli({from:Int64}, 'UTC')
        AND ts < fromUnixTimestamp64Milli({to:Int64}, 'UTC')
        AND service = {matcher0_value:String}
      GROUP BY kind",
      }
    `);
  });

  it('look services up that are matched otherwise, and series by label', () => {
    const filter = filterWith([
      { name: 'service_name', op: '=~', value: 'check.*' },
      { name: 'zone', op: '!=', value: 'eu' },
    ]);
    expect(selectStackSumsByCount(filter, 'gauge')).toMatchInlineSnapshot(`
      {
        "params": {
          "from": 4102740000000,
          "from_day": "2100-01-04",
          "kind": "gauge",
          "matcher0_value": "^(?:check.*)$",
          "matcher1_name": "zone",
          "matcher1_value": "eu",
          "tenant": "acme",
          "to": 4102743600000,
          "to_day": "2100-01-04",
          "type": "process_cpu:cpu:nanoseconds:cpu:nanoseconds",
        },
        "text": "SELECT series_profiles, stack, sum(value) AS stack_sum
      FROM (SELECT fp, stacks, vals FROM profiles FINAL WHERE tenant = {tenant:String}
        AND type = {type:String}
        AND ts >= fromUnixTimestamp64Milli({from:Int64}, 'UTC')
        AND ts < fromUnixTimestamp64Milli({to:Int64}, 'UTC')
        AND service IN (SELECT DISTINCT service FROM series WHERE tenant = {tenant:String} AND day >= {from_day:Date} AND day <= {to_day:Date} AND type = {type:String} AND match(service, {matcher0_value:String}) AND match('', {matcher0_value:String}) < 2 AND labels[{matcher1_name:String}] != {matcher1_value:String})
        AND fp IN (SELECT DISTINCT fp FROM series WHERE tenant = {tenant:String} AND day >= {from_day:Date} AND day <= {to_day:Date} AND type = {type:String} AND match(service, {matcher0_value:String}) AND match('', {matcher0_value:String}) < 2 AND labels[{matcher1_name:String}] != {matcher1_value:String})
        AND kind = {kind:String}) AS matching
      INNER JOIN (
        SELECT fp, toUInt32(count()) AS series_profiles FROM profiles FINAL WHERE tenant = {tenant:String}
        AND type = {type:String}
        AND ts >= fromUnixTimestamp64Milli({from:Int64}, 'UTC')
        AND ts < fromUnixTimestamp64Milli({to:Int64}, 'UTC')
        AND service IN (SELECT DISTINCT service FROM series WHERE tenant = {tenant:String} AND day >= {from_day:Date} AND day <= {to_day:Date} AND type = {type:String} AND match(service, {matcher0_value:String}) AND match('', {matcher0_value:String}) < 2 AND labels[{matcher1_name:String}] != {matcher1_value:String})
        AND fp IN (SELECT DISTINCT fp FROM series WHERE tenant = {tenant:String} AND day >= {from_day:Date} AND day <= {to_day:Date} AND type = {type:String} AND match(service, {matcher0_value:String}) AND match('', {matcher0_value:String}) < 2 AND labels[{matcher1_name:String}] != {matcher1_value:String})
        AND kind = {kind:String} GROUP BY fp
      ) AS counted USING (fp)
      ARRAY JOIN stacks AS stack, vals AS value
      GROUP BY series_profiles, stack
      ORDER BY stack, series_profiles",
      }
    `);
  });

  it('bucket totals by label', () => {
    const filter = filterWith([{ name: 'service_name', op: '=', value: 'checkout' }]);
    expect(selectTimeline(filter, { stepMs: 15_000, groupBy: 'version' })).toMatchInlineSnapshot(`
      {
        "params": {
          "from": 4102740000000,
          "from_day": "2100-01-04",
          "group_by": "version",
          "matcher0_value": "checkout",
          "start": 4102740000000,
          "step": 15000,
          "tenant": "acme",
          "to": 4102743600000,
          "to_day": "2100-01-04",
          "type": "process_cpu:cpu:nanoseconds:cpu:nanoseconds",
        },
        "text": "SELECT kind, label_value AS group_value, bucket, sum(series_sum) AS bucket_sum,
        sum(series_sum / toFloat64(if(series_ms > 0, series_ms, toUInt64({step:Int64})))) * 1000 AS bucket_rate,
        sum(series_sum / series_profiles) AS bucket_level, toUInt32(sum(series_profiles)) AS bucket_profiles,
        toUInt32(count()) AS bucket_series
      FROM (
        SELECT fp, kind, service, toUInt32(intDiv(toUnixTimestamp64Milli(ts) - {start:Int64}, {step:Int64})) AS bucket,
          sum(toFloat64(total)) AS series_sum, sum(duration_ms) AS series_ms, count() AS series_profiles
        FROM profiles FINAL
        WHERE tenant = {tenant:String}
        AND type = {type:String}
        AND ts >= fromUnixTimestamp64Milli({from:Int64}, 'UTC')
        AND ts < fromUnixTimestamp64Milli({to:Int64}, 'UTC')
        AND service = {matcher0_value:String}
        GROUP BY fp, kind, service, bucket
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
      GROUP BY kind, group_value, bucket
      ORDER BY group_value, bucket",
      }
    `);
  });

  it('total services over two ranges', () => {
    expect(selectServiceTotals(filterWith([])).text).toMatchInlineSnapshot(`
      "SELECT CAST(service AS String) AS service_name, CAST(type AS String) AS type_id, kind, is_current,
        sum(if(kind = 'interval', series_sum, series_sum / series_profiles)) AS level,
        toUInt32(sum(series_profiles)) AS profiles, toUInt32(count()) AS series
      FROM (
        SELECT service, type, kind, fp, ts >= fromUnixTimestamp64Milli({middle:Int64}, 'UTC') AS is_current,
          sum(toFloat64(total)) AS series_sum, count() AS series_profiles
        FROM profiles FINAL
        WHERE tenant = {tenant:String}
        AND type = {type:String}
        AND ts >= fromUnixTimestamp64Milli({from:Int64}, 'UTC')
        AND ts < fromUnixTimestamp64Milli({to:Int64}, 'UTC')
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

  it('fold an hour', () => {
    expect(insertHourRollup({ hourMs: TEN_O_CLOCK, version: 1, retentionDays: 90 })).toMatchInlineSnapshot(`
      {
        "params": {
          "from": 4102740000000,
          "retention_days": 90,
          "to": 4102743600000,
          "version": 1,
        },
        "text": "INSERT INTO profiles_1h
        (tenant, retention_days, type, kind, service, fp, ts, ver, profiles, duration_ms, total, stacks, vals)
      SELECT tenant, {retention_days:UInt16}, type, kind, service, fp,
        toStartOfHour(ts) AS hour, {version:UInt64}, count(), sum(duration_ms), sum(total),
        (sumMap(stacks, vals) AS merged).1, merged.2
      FROM profiles FINAL
      WHERE ts >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND ts < fromUnixTimestamp64Milli({to:Int64}, 'UTC')
      GROUP BY tenant, type, kind, service, fp, hour",
      }
    `);
  });

  it('refuse an empty range', () => {
    const now = TEN_O_CLOCK;
    for (const range of [{ toMs: now }, { fromMs: Number.NaN }, { toMs: now - 1 }]) {
      expect(() => selectMergeScope(filterWith([], range))).toThrow(
        expect.objectContaining({ code: 'invalid_range' }),
      );
    }
  });
});
