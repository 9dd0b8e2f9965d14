import type { HeatmapQuery, HeatmapResponse } from '@everflame/contract';
import { parseProfileType } from '@everflame/profile';
import { type ClickHouse, heatmap } from '@everflame/storage';
import { normalizedUnit } from '../stacks/normalize.ts';
import { profileFilterOf, type QueryContext } from '../params/query-filter.ts';

const NANOS_PER_SECOND = 1e9;

/** How the profiles of a selector are distributed over time and size. */
export class Heatmaps {
  private readonly clickhouse: ClickHouse;

  constructor(clickhouse: ClickHouse) {
    this.clickhouse = clickhouse;
  }

  async heatmap(params: HeatmapQuery, context: QueryContext): Promise<HeatmapResponse> {
    const filter = profileFilterOf(params, context);
    const { columns, rows, scale } = params;
    const stepMs = Math.max(1, Math.ceil((filter.toMs - filter.fromMs) / columns));
    const found = await heatmap(this.clickhouse, filter, { stepMs, valueBuckets: rows, scale });
    const unit = normalizedUnit(
      { kind: found.kind, unit: parseProfileType(filter.profileTypeId).sampleUnit },
      'instance_seconds',
    );
    const divisor = unit === 'cores' ? NANOS_PER_SECOND : 1;
    const edges = Array.from(found.edges);
    return {
      type: filter.profileTypeId,
      kind: found.kind,
      unit,
      from: filter.fromMs,
      to: filter.toMs,
      stepMs,
      scale,
      edges: (edges.length === 0 ? [] : [...edges, found.max]).map((edge) => edge / divisor),
      counts: Array.from({ length: edges.length === 0 ? 0 : found.buckets }, (_, bucket) =>
        edges.map((_edge, row) => found.counts[row * found.buckets + bucket] ?? 0),
      ),
      profiles: found.profiles,
      withoutDuration: found.withoutDuration,
      otherKindProfiles: found.otherKindProfiles,
    };
  }
}
