import type { Coverage } from '@everflame/contract';
import { diffStackSets, scaleStacks, type StackSet, type StackValues } from '@everflame/flamegraph';
import { formatSelector, LABEL_SERVICE_NAME, parseProfileType, type ProfileKind } from '@everflame/profile';
import type { MergedStacks, ProfileFilter, ProfileKey } from '@everflame/storage';
import type { Aggregate, CachedMerge } from '../cache/cached-merge.ts';
import type { Comparison } from '../params/filters.ts';
import { type Normalize, normalizedUnit, normalizeFactor } from './normalize.ts';
import type { ResolvedStacks, StackResolver } from './stack-resolver.ts';

/** All profiles of a filter as one, or a single profile. */
export interface MergedProfile {
  /** Id of the profile type. */
  readonly type: string;
  readonly kind: ProfileKind;
  readonly unit: string;
  readonly coverage: Coverage;
  readonly resolved: ResolvedStacks;
  /** One value per resolved stack. */
  readonly values: Float64Array;
  /** The values themselves where a double does not hold all of them. */
  readonly exactValues?: BigInt64Array | undefined;
  readonly stacks: StackSet;
}

/** Two merged profiles side by side, scaled as asked. */
export type MergedDiff = ReturnType<typeof compareMerged>;

/** Merges profiles and looks up their stacks. */
export class ProfileMerger {
  readonly #cached: CachedMerge;
  readonly #resolver: StackResolver;

  constructor(cached: CachedMerge, resolver: StackResolver) {
    this.#cached = cached;
    this.#resolver = resolver;
  }

  async merge(filter: ProfileFilter, aggregate: Aggregate): Promise<MergedProfile> {
    const merged = await this.#cached.merge(filter, aggregate);
    const { stackIdLo, stackIdHi } = merged;
    const resolved = await this.#resolver.resolve(filter.tenant, stackIdLo, stackIdHi, servicesOf(filter));
    return describeMerged(filter, merged, resolved);
  }

  /** One profile, which is among those of `filters`; undefined where it does not exist. */
  async single(filters: readonly ProfileFilter[], key: ProfileKey): Promise<MergedProfile | undefined> {
    const found = await this.#cached.single(filters, key);
    if (found === undefined) return undefined;
    const { service, durationMs, stackIdLo, stackIdHi } = found;
    const resolved = await this.#resolver.resolve(key.tenant, stackIdLo, stackIdHi, [service]);
    return describeMerged(filterOfMoment(key, service, Math.max(1, durationMs)), found, resolved);
  }

  async diff(
    { left, right }: Comparison,
    { aggregate, normalize }: { aggregate: Aggregate; normalize: Normalize },
  ): Promise<MergedDiff> {
    const [mergedLeft, mergedRight] = await this.#cached.mergeBoth(left, right, aggregate);
    const sides = [
      { filter: left, merged: mergedLeft },
      { filter: right, merged: mergedRight },
    ] as const;
    const { before, after, both } =
      mergedLeft.stackIdLo === mergedRight.stackIdLo ? await this.#together(sides) : await this.#apart(sides);
    return compareMerged(before, after, both, normalize);
  }

  /** Sides with the same stacks in the same order. */
  async #together([left, right]: readonly [Read, Read]): Promise<Resolved> {
    const { stackIdLo, stackIdHi } = left.merged;
    const services = servicesOf(left.filter, right.filter);
    const resolved = await this.#resolver.resolve(left.filter.tenant, stackIdLo, stackIdHi, services);
    return {
      before: describeMerged(left.filter, left.merged, resolved),
      after: describeMerged(right.filter, right.merged, resolved),
      both: stacksOn(resolved, { left: left.merged.values, right: right.merged.values }),
    };
  }

  /** Any two sides. */
  async #apart([left, right]: readonly [Read, Read]): Promise<Resolved> {
    // Together, so that both sides lie on one trie.
    const { cache, stacks } = await this.#resolver.resolve(
      left.filter.tenant,
      joined(left.merged.stackIdLo, right.merged.stackIdLo),
      joined(left.merged.stackIdHi, right.merged.stackIdHi),
      servicesOf(left.filter, right.filter),
    );
    const split = left.merged.stackIdLo.length;
    const before = describeMerged(left.filter, left.merged, { cache, stacks: stacks.subarray(0, split) });
    const after = describeMerged(right.filter, right.merged, { cache, stacks: stacks.subarray(split) });
    return { before, after, both: diffStackSets(before.stacks, after.stacks) };
  }
}

interface Read {
  readonly filter: ProfileFilter;
  readonly merged: MergedStacks;
}

interface Resolved {
  readonly before: MergedProfile;
  readonly after: MergedProfile;
  readonly both: StackSet;
}

/** Two profiles side by side; `both` has the stacks of both as they are. */
export function compareMerged(
  before: MergedProfile,
  after: MergedProfile,
  both: StackSet,
  normalize: Normalize,
) {
  return {
    kind: after.coverage.profiles > 0 ? after.kind : before.kind,
    unit: normalizedUnit(after, normalize),
    left: before.coverage,
    right: after.coverage,
    stacks:
      normalize === 'none'
        ? both
        : scaleStacks(both, normalizeFactor(before, normalize), normalizeFactor(after, normalize)),
  };
}

/** The profiles of a service within a time that begins with that of a profile. */
export function filterOfMoment(
  { tenant, profileTypeId, timeMs }: ProfileKey,
  service: string,
  lengthMs: number,
): ProfileFilter {
  const matchers = [{ name: LABEL_SERVICE_NAME, op: '=' as const, value: service }];
  return { tenant, profileTypeId, matchers, fromMs: timeMs, toMs: timeMs + lengthMs };
}

function describeMerged(
  filter: ProfileFilter,
  merged: MergedStacks,
  resolved: ResolvedStacks,
): MergedProfile {
  const profileType = parseProfileType(filter.profileTypeId);
  const { values, exactValues } = merged;
  return {
    type: filter.profileTypeId,
    kind: merged.kind,
    unit: profileType.sampleUnit,
    coverage: {
      query: formatSelector({ profileType, matchers: filter.matchers }),
      from: filter.fromMs,
      to: filter.toMs,
      profiles: merged.profiles,
      series: merged.series,
      instanceSeconds: merged.instanceSeconds,
      total: merged.total,
      exact: merged.isExact && Math.abs(merged.total) <= Number.MAX_SAFE_INTEGER,
      otherKindProfiles: merged.otherKindProfiles,
      ...countUnresolved(resolved, values),
    },
    resolved,
    values,
    exactValues,
    stacks: stacksOn(resolved, { left: values, exact: exactValues }),
  };
}

/** How many of the stacks are not as they were measured, and what they hold. */
function countUnresolved(
  { cache, stacks }: ResolvedStacks,
  values: Float64Array,
): Pick<Coverage, 'unresolved'> {
  const unresolved = { stacks: 0, value: 0 };
  for (let i = 0; i < stacks.length; i++) {
    const value = values[i] as number;
    // Both sides of a comparison may have been read together: what has no value is of the other side.
    if (value === 0 || !cache.isUnresolved(stacks[i] as number)) continue;
    unresolved.stacks++;
    unresolved.value += value;
  }
  return unresolved.stacks === 0 ? {} : { unresolved };
}

/** The stacks of an answer with their values, on the trie of the cache. */
function stacksOn({ cache, stacks }: ResolvedStacks, values: StackValues): StackSet {
  const nodes = stacks.map((stack) => cache.nodeOf(stack));
  return { symbols: cache.symbols, trie: cache.paths, nodes, ...values };
}

function joined(first: Uint32Array, second: Uint32Array): Uint32Array<ArrayBuffer> {
  const both = new Uint32Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}

/** The services that the filters name; undefined where one of them does not name its service. */
function servicesOf(...filters: readonly ProfileFilter[]): readonly string[] | undefined {
  const services = new Set<string>();
  for (const { matchers } of filters) {
    const named = matchers.find(({ name, op }) => name === LABEL_SERVICE_NAME && op === '=');
    if (named === undefined) return undefined;
    services.add(named.value);
  }
  return [...services];
}
