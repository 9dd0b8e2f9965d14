import type { HeatmapQuery, HeatmapResponse } from '@everflame/contract';
import { parseProfileType } from '@everflame/profile';
import { type ClickHouse, heatmap } from '@everflame/storage';
import { parseProfileFilter, type QueryContext } from '../params/filters.ts';
import { rateUnit } from '../stacks/normalize.ts';

/** How the profiles of a selector are distributed over time and size. */
export async function answerHeatmap(
  clickhouse: ClickHouse,
  context: QueryContext,
  params: HeatmapQuery,
): Promise<HeatmapResponse> {
  const filter = parseProfileFilter(context, params);
  const { columns, rows, scale } = params;
  const stepMs = Math.max(1, Math.ceil((filter.toMs - filter.fromMs) / columns));
  const found = await heatmap(clickhouse, filter, { stepMs, valueBuckets: rows, scale });
  const { sampleUnit } = parseProfileType(filter.profileTypeId);
  const { unit, divisor } = rateUnit({ kind: found.kind, unit: sampleUnit });
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
