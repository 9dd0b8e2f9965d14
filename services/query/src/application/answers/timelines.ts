import type { TimelineQuery, TimelineResponse } from '@everflame/contract';
import { InvalidArgumentError, isLabelName, parseProfileType, type ProfileKind } from '@everflame/profile';
import type { TimelineGroup } from '@everflame/storage';
import { groupTimeline } from './grouped-timeline.ts';
import type { CachedTimelines } from '../cache/cached-timelines.ts';
import { parseProfileFilter, type QueryContext } from '../params/filters.ts';
import { chooseStep } from '../params/timeline-step.ts';
import { rateUnit } from '../stacks/normalize.ts';

/** Totals over time. */
export async function answerTimeline(
  cached: CachedTimelines,
  context: QueryContext,
  params: TimelineQuery,
): Promise<TimelineResponse> {
  const filter = parseProfileFilter(context, params);
  const stepMs = chooseStep(filter, params.step);
  const groupBy = params.group_by;
  if (groupBy !== undefined && !isLabelName(groupBy)) {
    throw new InvalidArgumentError('group_by is not a label name.', { code: 'invalid_label' });
  }
  // Buckets start at multiples of the step, so that they stay put while the range slides.
  const fromMs = Math.floor(filter.fromMs / stepMs) * stepMs;
  const aligned = { ...filter, fromMs };
  const found = await groupTimeline(cached, aligned, {
    stepMs,
    groupBy,
    limit: params.limit,
  });
  const { mode } = params;
  const scale = unitOf(filter.profileTypeId, found.kind, mode);
  return {
    type: filter.profileTypeId,
    kind: found.kind,
    mode,
    unit: scale.unit,
    from: fromMs,
    to: filter.toMs,
    stepMs,
    groupCount: found.groupCount,
    groups: found.groups.map((group) => ({
      ...('isRest' in group ? { rest: true as const } : {}),
      labels: groupBy === undefined || 'isRest' in group ? {} : { [groupBy]: group.value },
      total: group.sums.reduce((sum, value) => sum + value, 0),
      values: Array.from(valuesOf(group, found.kind, mode), (value, bucket) =>
        group.profiles[bucket] === 0 ? null : value / scale.divisor,
      ),
    })),
  };
}

function valuesOf(group: TimelineGroup, kind: ProfileKind, mode: TimelineQuery['mode']): Float64Array {
  if (kind !== 'interval') return group.averages;
  return mode === 'rate' ? group.rates : group.sums;
}

function unitOf(
  profileTypeId: string,
  kind: ProfileKind,
  mode: TimelineQuery['mode'],
): { unit: string; divisor: number } {
  const { sampleUnit } = parseProfileType(profileTypeId);
  return mode === 'total' ? { unit: sampleUnit, divisor: 1 } : rateUnit({ kind, unit: sampleUnit });
}
