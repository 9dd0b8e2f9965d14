import type { Scope } from '@everflame/contract';
import { diffStackSets, scaleStacks, type StackSet } from '@everflame/flamegraph';
import { formatSelector, parseProfileType, type ProfileKind } from '@everflame/profile';
import { type ClickHouse, mergeStacks, type ProfileFilter } from '@everflame/storage';
import type { ResolvedStacks, StackResolver } from './stack-resolver.ts';

/** `kind`: gauges are averaged; `sum`: everything adds up. */
export type Aggregate = 'kind' | 'sum';
export type Normalize = 'instance_seconds' | 'share' | 'none';

/** All profiles of a filter as one. */
export interface MergedProfile {
  readonly kind: ProfileKind;
  readonly unit: string;
  readonly scope: Scope;
  readonly resolved: ResolvedStacks;
  /** One value per resolved stack. */
  readonly values: Float64Array;
  readonly stacks: StackSet;
}

/** Two merged profiles side by side, scaled as asked. */
export interface MergedDiff {
  readonly kind: ProfileKind;
  readonly unit: string;
  readonly left: Scope;
  readonly right: Scope;
  readonly stacks: StackSet;
}

export class ProfileMerger {
  private readonly clickhouse: ClickHouse;
  private readonly resolver: StackResolver;

  constructor(clickhouse: ClickHouse, resolver: StackResolver) {
    this.clickhouse = clickhouse;
    this.resolver = resolver;
  }

  async merge(filter: ProfileFilter, aggregate: Aggregate): Promise<MergedProfile> {
    const merged = await mergeStacks(this.clickhouse, filter, { aggregate });
    const resolved = await this.resolver.resolve(filter.tenant, merged.stackIdLo, merged.stackIdHi);
    const profileType = parseProfileType(filter.profileTypeId);
    return {
      kind: merged.kind,
      unit: profileType.sampleUnit,
      scope: {
        query: formatSelector({ profileType, matchers: filter.matchers }),
        from: filter.fromMs,
        to: filter.toMs,
        profiles: merged.profiles,
        series: merged.series,
        instanceSeconds: merged.instanceSeconds,
        total: merged.total,
        exact: merged.isExact && Math.abs(merged.total) <= Number.MAX_SAFE_INTEGER,
        otherKindProfiles: merged.otherKindProfiles,
      },
      resolved,
      values: merged.values,
      stacks: stackSetOf(resolved, merged.values),
    };
  }

  async diff(
    left: ProfileFilter,
    right: ProfileFilter,
    { aggregate, normalize }: { aggregate: Aggregate; normalize: Normalize },
  ): Promise<MergedDiff> {
    const [before, after] = await Promise.all([this.merge(left, aggregate), this.merge(right, aggregate)]);
    const stacks = diffStackSets(before.stacks, after.stacks);
    return {
      kind: after.scope.profiles > 0 ? after.kind : before.kind,
      unit: normalizedUnit(after, normalize),
      left: before.scope,
      right: after.scope,
      stacks:
        normalize === 'none'
          ? stacks
          : scaleStacks(stacks, factorOf(before, normalize), factorOf(after, normalize)),
    };
  }
}

function stackSetOf({ cache, stacks }: ResolvedStacks, values: Float64Array): StackSet {
  const offsets = new Uint32Array(stacks.length + 1);
  for (let i = 0; i < stacks.length; i++) {
    offsets[i + 1] = (offsets[i] ?? 0) + cache.framesOf(stacks[i] ?? 0).length;
  }
  const frames = new Uint32Array(offsets[stacks.length] ?? 0);
  let at = 0;
  for (const stack of stacks) {
    for (const frame of cache.framesOf(stack)) frames[at++] = cache.symbolOf(frame);
  }
  return { symbols: cache.symbols, offsets, frames, left: values };
}

const NANOS_PER_SECOND = 1e9;

/** What a side is multiplied with. A side without anything stays zero. */
function factorOf({ scope, kind, unit }: MergedProfile, normalize: Normalize): number {
  if (normalize === 'share') return scope.total === 0 ? 0 : 1 / scope.total;
  if (normalize === 'none') return 1;
  if (kind !== 'interval') return scope.series === 0 ? 0 : 1 / scope.series;
  const seconds = scope.instanceSeconds;
  if (seconds === 0) return 0;
  return 1 / (unit === 'nanoseconds' ? seconds * NANOS_PER_SECOND : seconds);
}

function normalizedUnit({ kind, unit }: MergedProfile, normalize: Normalize): string {
  if (normalize === 'share') return 'share';
  if (normalize === 'none' || kind !== 'interval') return unit;
  return unit === 'nanoseconds' ? 'cores' : `${unit}/s`;
}
