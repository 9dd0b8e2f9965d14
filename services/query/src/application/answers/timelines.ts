import type { TimelineQuery, TimelineResponse } from '@everflame/contract';
import { InvalidArgumentError, isLabelName, parseProfileType, type ProfileKind } from '@everflame/profile';
import type { TimelineGroup } from '@everflame/storage';
import { groupedTimeline } from './grouped-timeline.ts';
import { profileFilterOf, type QueryContext } from '../params/query-filter.ts';
import { defaultStep, MAX_BUCKETS } from '../params/time-range.ts';
import type { TimelineReads } from '../cache/cached-timelines.ts';

const NANOS_PER_SECOND = 1e9;

/** Totals over time. */
export class Timelines {
  private readonly reads: TimelineReads;

  constructor(reads: TimelineReads) {
    this.reads = reads;
  }

  async timeline(params: TimelineQuery, context: QueryContext): Promise<TimelineResponse> {
    const filter = profileFilterOf(params, context);
    const stepMs = params.step ?? defaultStep(filter);
    if ((filter.toMs - filter.fromMs) / stepMs > MAX_BUCKETS) {
      throw new InvalidArgumentError(`A step of ${stepMs} ms gives more than ${MAX_BUCKETS} buckets.`, {
        code: 'too_many_buckets',
        hint: 'Widen the step or shorten the range.',
      });
    }
    const groupBy = params.group_by;
    if (groupBy !== undefined && !isLabelName(groupBy)) {
      throw new InvalidArgumentError('group_by is not a label name.', { code: 'invalid_label' });
    }
    // Buckets start at multiples of the step, so that they stay put while the range slides.
    const fromMs = Math.floor(filter.fromMs / stepMs) * stepMs;
    const aligned = { ...filter, fromMs };
    const found = await groupedTimeline(this.reads, aligned, { stepMs, groupBy, limit: params.limit });
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
}

function valuesOf(group: TimelineGroup, kind: ProfileKind, mode: TimelineQuery['mode']): Float64Array {
  if (kind !== 'interval') return group.levels;
  return mode === 'rate' ? group.rates : group.sums;
}

/** Unit of the values, and what values in the unit of the sample type are divided by to get there. */
function unitOf(
  profileTypeId: string,
  kind: ProfileKind,
  mode: TimelineQuery['mode'],
): { unit: string; divisor: number } {
  const { sampleUnit } = parseProfileType(profileTypeId);
  if (kind !== 'interval' || mode === 'total') return { unit: sampleUnit, divisor: 1 };
  if (sampleUnit === 'nanoseconds') return { unit: 'cores', divisor: NANOS_PER_SECOND };
  return { unit: `${sampleUnit}/s`, divisor: 1 };
}
