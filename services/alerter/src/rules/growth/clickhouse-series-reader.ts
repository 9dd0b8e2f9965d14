import { hash64ToDecimal, LABEL_INSTANCE, LABEL_SERVICE_NAME, LimitExceededError } from '@everflame/profile';
import type { Principal } from '@everflame/service-kit';
import {
  type ClickHouse,
  listProfiles,
  type ProfileFilter,
  resolveSeries,
  type StoredSeries,
  timeline,
} from '@everflame/storage';
import { labelsKey } from '../../documents/alert-document.ts';
import {
  type GaugePoint,
  type GaugeRange,
  type GaugeSeries,
  type SeriesGroup,
  type SeriesReader,
} from './growth-ports.ts';

const MAX_SERIES = 2000;
const MAX_PROFILES = 200_000;

interface PointsOfSeries {
  readonly series: StoredSeries;
  readonly points: readonly GaugePoint[];
}

/**
 * Reads one line per series. Where one label tells all series of the range apart (`instance`, as a rule),
 * ClickHouse aggregates by it; otherwise the profiles themselves are read and averaged here.
 */
export class ClickHouseSeriesReader implements SeriesReader {
  readonly #clickhouse: ClickHouse;

  constructor(clickhouse: ClickHouse) {
    this.#clickhouse = clickhouse;
  }

  async read({ tenant }: Principal, range: GaugeRange): Promise<readonly SeriesGroup[]> {
    const filter: ProfileFilter = {
      tenant,
      profileTypeId: range.selector.profileType.id,
      matchers: range.selector.matchers,
      fromMs: range.fromMs,
      toMs: range.toMs,
    };
    const found = await resolveSeries(this.#clickhouse, filter, MAX_SERIES);
    if (found.truncated) {
      throw new LimitExceededError('series', MAX_SERIES, 'more', 'Narrow the query of the rule.');
    }
    const label = distinguishingLabel(found.items);
    const lines =
      label === undefined
        ? await this.#readProfiles(filter, found.items, range.stepMs)
        : await this.#readTimeline(filter, found.items, label, range.stepMs);
    return groupsOf(lines, range.groupBy);
  }

  async #readTimeline(
    filter: ProfileFilter,
    series: readonly StoredSeries[],
    label: string,
    stepMs: number,
  ): Promise<readonly PointsOfSeries[]> {
    const { groups } = await timeline(this.#clickhouse, filter, { stepMs, groupBy: label });
    const byValue = new Map(series.map((one) => [labelOf(one, label), one]));
    return groups.flatMap((group) => {
      const one = byValue.get(group.value);
      if (one === undefined) return [];
      const points = Array.from(group.averages, (value, bucket) => ({
        atMs: filter.fromMs + bucket * stepMs,
        value,
      }));
      return [{ series: one, points: points.filter((_, bucket) => (group.profiles[bucket] ?? 0) > 0) }];
    });
  }

  async #readProfiles(
    filter: ProfileFilter,
    series: readonly StoredSeries[],
    stepMs: number,
  ): Promise<readonly PointsOfSeries[]> {
    const profiles = await listProfiles(this.#clickhouse, filter, MAX_PROFILES + 1);
    if (profiles.length > MAX_PROFILES) {
      const hint = 'Narrow the query or shorten the window of the rule.';
      throw new LimitExceededError('profiles', MAX_PROFILES, 'more', hint);
    }
    const totals = new Map<string, Map<number, { sum: number; count: number }>>();
    for (const profile of profiles) {
      const fingerprint = hash64ToDecimal(profile.fingerprint);
      const buckets = totals.get(fingerprint) ?? new Map<number, { sum: number; count: number }>();
      totals.set(fingerprint, buckets);
      const bucket = Math.floor((profile.timeMs - filter.fromMs) / stepMs);
      const before = buckets.get(bucket) ?? { sum: 0, count: 0 };
      buckets.set(bucket, { sum: before.sum + profile.total, count: before.count + 1 });
    }
    return series.map((one) => ({
      series: one,
      points: [...(totals.get(hash64ToDecimal(one.fingerprint)) ?? [])]
        .toSorted(([a], [b]) => a - b)
        .map(([bucket, { sum, count }]) => ({ atMs: filter.fromMs + bucket * stepMs, value: sum / count })),
    }));
  }
}

/** A label with another value in every series; `instance` before others. */
function distinguishingLabel(series: readonly StoredSeries[]): string | undefined {
  const names = new Set(series.flatMap((one) => Object.keys(one.labels)));
  return [LABEL_INSTANCE, LABEL_SERVICE_NAME, ...names].find(
    (name) => new Set(series.map((one) => labelOf(one, name))).size === series.length,
  );
}

function labelOf(series: StoredSeries, name: string): string {
  return name === LABEL_SERVICE_NAME ? series.service : (series.labels[name] ?? '');
}

function groupsOf(lines: readonly PointsOfSeries[], groupBy: readonly string[]): readonly SeriesGroup[] {
  const groups = new Map<string, { labels: Record<string, string>; series: GaugeSeries[] }>();
  for (const { series, points } of lines) {
    if (points.length === 0) continue;
    const labels = Object.fromEntries(groupBy.map((name) => [name, labelOf(series, name)]));
    const key = labelsKey(labels);
    const group = groups.get(key) ?? { labels, series: [] };
    groups.set(key, group);
    group.series.push({ fingerprint: hash64ToDecimal(series.fingerprint), points });
  }
  return [...groups.values()];
}
