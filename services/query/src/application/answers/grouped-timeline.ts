import { DomainError, type Matcher } from '@everflame/profile';
import {
  emptyGroup,
  labelValues,
  type ProfileFilter,
  type Timeline,
  type TimelineGroup,
} from '@everflame/storage';
import type { CachedTimelines, TimelineQuestion } from '../cache/cached-timelines.ts';

/** More values of a label are not ranked. */
const MAX_GROUPS = 50_000;

/** Everything beyond the largest groups, as one. */
export type RestGroup = TimelineGroup & { readonly isRest: true };

export interface GroupedTimeline extends Omit<Timeline, 'groups'> {
  /** The largest groups by value, then the rest where there is one. */
  readonly groups: readonly (TimelineGroup | RestGroup)[];
  /** Groups in all. */
  readonly groupCount: number;
}

interface Options extends TimelineQuestion {
  readonly limit: number;
}

/**
 * The largest groups of a label and the exact sum of all others. Where all of them over time would be too many to read,
 * they are ranked by their totals first. Throws `too_many_groups`.
 */
export async function groupTimeline(
  cached: CachedTimelines,
  filter: ProfileFilter,
  { stepMs, groupBy, limit }: Options,
): Promise<GroupedTimeline> {
  if (groupBy === undefined) {
    const found = await cached.read(filter, { stepMs });
    return { ...found, groupCount: found.groups.length };
  }
  try {
    const found = await cached.read(filter, { stepMs, groupBy });
    return withRest(found, largestGroups(found, limit));
  } catch (error) {
    // Nearly always the groups are few, so nobody asks first.
    if (!(error instanceof DomainError) || error.code !== 'query_too_expensive') throw error;
  }
  if ((await labelValues(cached.clickhouse, filter, groupBy, MAX_GROUPS)).truncated)
    throw tooManyGroups(groupBy);
  // One bucket, as long as a multiple of the step, so that rollups serve it as they serve the step.
  const wholeMs = Math.ceil((filter.toMs - filter.fromMs) / stepMs) * stepMs;
  const ranked = await cached.read(filter, { stepMs: wholeMs, groupBy });
  const largest = [...largestGroups(ranked, limit)].map(({ value }) => value);
  const [top, rest] = await Promise.all([
    cached.read(withMatcher(filter, groupBy, '=~', largest), { stepMs, groupBy }),
    cached.read(withMatcher(filter, groupBy, '!~', largest), { stepMs }),
  ]);
  return {
    ...top,
    groups: [...top.groups, ...rest.groups.map((group) => ({ ...group, isRest: true as const }))],
    groupCount: ranked.groups.length,
    otherKindProfiles: ranked.otherKindProfiles,
  };
}

function largestGroups({ groups, kind }: Timeline, limit: number): Set<TimelineGroup> {
  const sizeOf = ({ sums, averages }: TimelineGroup): number =>
    (kind === 'interval' ? sums : averages).reduce((sum, value) => sum + Math.abs(value), 0);
  const sizes = new Map(groups.map((group) => [group, sizeOf(group)]));
  const bySize = groups.toSorted((a, b) => (sizes.get(b) ?? 0) - (sizes.get(a) ?? 0));
  return new Set(bySize.slice(0, limit));
}

function withRest(found: Timeline, largest: ReadonlySet<TimelineGroup>): GroupedTimeline {
  const { groups, buckets } = found;
  const groupCount = groups.length;
  if (largest.size === groupCount) return { ...found, groupCount };
  const rest: RestGroup = { ...emptyGroup('', buckets), isRest: true };
  for (const group of groups) {
    if (largest.has(group)) continue;
    for (const column of ['sums', 'rates', 'averages', 'profiles', 'series'] as const) {
      const into = rest[column];
      for (let bucket = 0; bucket < buckets; bucket++) {
        into[bucket] = (into[bucket] ?? 0) + (group[column][bucket] ?? 0);
      }
    }
  }
  return { ...found, groups: [...groups.filter((group) => largest.has(group)), rest], groupCount };
}

function withMatcher(
  filter: ProfileFilter,
  name: string,
  op: Matcher['op'],
  values: readonly string[],
): ProfileFilter {
  return { ...filter, matchers: [...filter.matchers, { name, op, value: matchAny(values) }] };
}

const OPERATORS = /[\\^$.*+?()[\]{}|]/g;

/** A regular expression of RE2 that matches these texts and no others. */
function matchAny(texts: readonly string[]): string {
  return texts.map((text) => text.replace(OPERATORS, '\\$&')).join('|');
}

function tooManyGroups(groupBy: string): DomainError {
  const message = `${groupBy} has more than ${MAX_GROUPS} values here.`;
  return new DomainError('too_large', 'too_many_groups', message, {
    hint: 'Narrow the selector, or group by a label with fewer values.',
  });
}
