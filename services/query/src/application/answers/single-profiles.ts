import type { ProfileQuery, ProfilesQuery, ProfilesResponse } from '@everflame/contract';
import {
  formatSelector,
  hash64FromDecimal,
  hash64ToDecimal,
  LABEL_SERVICE_NAME,
  NotFoundError,
  parseProfileType,
} from '@everflame/profile';
import {
  type LabelledProfile,
  newestProfiles,
  type ProfileFilter,
  type ProfileKey,
  profileStacks,
  type SingleProfile,
} from '@everflame/storage';
import type { ClosedReads, Codec } from '../cache/cached-answers.ts';
import { exportOf } from './flamegraphs.ts';
import { stacksOn, unresolvedIn } from '../stacks/merge-profiles.ts';
import { decodeMerged, encodeMerged } from '../cache/merged-entry.ts';
import { profileFilterOf, type QueryContext } from '../params/query-filter.ts';
import { headerOf } from '../stacks/stack-queries.ts';
import type { StackResolver } from '../stacks/stack-resolver.ts';
import { type ResolvedProfile, StackView } from '../stacks/stack-view.ts';
import type { EncodedTree, Encoder, KeptTrees } from '../trees/tree-cache.ts';
import { type TreeMaker, type TreeParams, wantedTree } from '../trees/tree-maker.ts';

/** The bytes of merged stacks hold what else a single profile has. */
const CODEC: Codec<SingleProfile | undefined> = {
  encode: encodeMerged,
  decode: (bytes, version) => decodeMerged(bytes, version) as SingleProfile | undefined,
};

/** Profiles of one moment. */
export class SingleProfiles {
  private readonly reads: ClosedReads;
  private readonly resolver: StackResolver;
  private readonly trees: TreeMaker;
  private readonly kept: KeptTrees;

  constructor(reads: ClosedReads, resolver: StackResolver, trees: TreeMaker, kept: KeptTrees) {
    this.reads = reads;
    this.resolver = resolver;
    this.trees = trees;
    this.kept = kept;
  }

  /** The newest profiles of a selector. */
  async list(params: ProfilesQuery, context: QueryContext): Promise<ProfilesResponse> {
    const filter = profileFilterOf(params, context);
    const { items, truncated } = await newestProfiles(this.reads.clickhouse, filter, params.limit);
    return {
      type: filter.profileTypeId,
      unit: parseProfileType(filter.profileTypeId).sampleUnit,
      profiles: items.map((profile) => ({
        id: profileIdOf(filter.profileTypeId, profile),
        time: profile.timeMs,
        durationMs: profile.durationMs,
        total: profile.total,
        labels: { ...profile.labels, [LABEL_SERVICE_NAME]: profile.service },
      })),
      truncated,
    };
  }

  /** Throws `unknown_profile` and `unknown_root`. */
  async tree(
    id: string,
    params: ProfileQuery & TreeParams,
    context: QueryContext,
    encoder: Encoder,
  ): Promise<EncodedTree> {
    const wanted = wantedTree(params);
    const view = new StackView(params);
    const filter = filterOf({ ...parseProfileId(id), tenant: context.tenant });
    return this.kept.read(filter === undefined ? [] : [filter], { id, ...params }, encoder, async () => {
      const { profile, type } = await this.open(id, context);
      const answer = { header: headerOf(profile, type), stacks: view.stacksOf(profile) };
      return this.trees.answer(answer, wanted);
    });
  }

  /** Throws `unknown_profile`. */
  async export(
    id: string,
    params: ProfileQuery & { readonly format: 'collapsed' | 'pprof' | 'speedscope' },
    context: QueryContext,
  ): Promise<Iterable<string | Uint8Array>> {
    const view = new StackView(params);
    const { profile, type } = await this.open(id, context);
    return exportOf(profile, type, view, params.format);
  }

  private async find(key: ProfileKey): Promise<SingleProfile | undefined> {
    const load = (): Promise<SingleProfile | undefined> => profileStacks(this.reads.clickhouse, key);
    const filter = filterOf(key);
    if (filter === undefined) return load();
    const { fingerprint, profileId } = key;
    return this.reads.read(filter, ['profile', fingerprint, profileId], CODEC, load);
  }

  private async open(
    id: string,
    { tenant }: QueryContext,
  ): Promise<{ profile: ResolvedProfile; type: string }> {
    const key = { ...parseProfileId(id), tenant };
    const found = await this.find(key);
    if (found === undefined) throw unknownProfile();
    const resolved = await this.resolver.resolve(tenant, found.stackIdLo, found.stackIdHi, [found.service]);
    const profileType = parseProfileType(key.profileTypeId);
    const matchers = [{ name: LABEL_SERVICE_NAME, op: '=' as const, value: found.service }];
    const profile = {
      kind: found.kind,
      unit: profileType.sampleUnit,
      scope: {
        query: formatSelector({ profileType, matchers }),
        from: key.timeMs,
        to: key.timeMs + Math.max(1, found.durationMs),
        profiles: found.profiles,
        series: found.series,
        instanceSeconds: found.instanceSeconds,
        total: found.total,
        exact: found.isExact && Math.abs(found.total) <= Number.MAX_SAFE_INTEGER,
        otherKindProfiles: found.otherKindProfiles,
        ...unresolvedIn(resolved, found.values),
      },
      resolved,
      values: found.values,
      exactValues: found.exactValues,
      stacks: stacksOn(resolved, { left: found.values, exact: found.exactValues }),
    };
    return { profile, type: profileType.id };
  }
}

/** All that a profile of this id can be among; undefined where the id does not name its service. */
function filterOf({ tenant, profileTypeId, service, timeMs }: ProfileKey): ProfileFilter | undefined {
  if (service === undefined) return undefined;
  const matchers = [{ name: LABEL_SERVICE_NAME, op: '=' as const, value: service }];
  return { tenant, profileTypeId, matchers, fromMs: timeMs, toMs: timeMs + 1 };
}

/** Storage has no times beyond this year. */
const LAST_MS = Date.UTC(2149, 0, 1);
/** Longer ids could not be a part of a path; they go without the service, which only speeds the look-up. */
const MAX_ID_CHARS = 900;

function profileIdOf(type: string, { timeMs, fingerprint, profileId, service }: LabelledProfile): string {
  const parts = [type, timeMs, hash64ToDecimal(fingerprint), hash64ToDecimal(profileId)];
  const id = encodeId([...parts, service]);
  return id.length <= MAX_ID_CHARS ? id : encodeId(parts);
}

function encodeId(parts: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify(parts)).toString('base64url');
}

function parseProfileId(id: string): Omit<ProfileKey, 'tenant'> {
  try {
    const parts: unknown = JSON.parse(Buffer.from(id, 'base64url').toString('utf8'));
    const [type, timeMs, fingerprint, profileId, service] = Array.isArray(parts) ? (parts as unknown[]) : [];
    if (
      typeof type === 'string' &&
      isTime(timeMs) &&
      isDecimal(fingerprint) &&
      isDecimal(profileId) &&
      (service === undefined || typeof service === 'string')
    ) {
      return {
        profileTypeId: parseProfileType(type).id,
        timeMs,
        fingerprint: hash64FromDecimal(fingerprint),
        profileId: hash64FromDecimal(profileId),
        service,
      };
    }
  } catch {
    // Falls through: an id that cannot be read names no profile.
  }
  throw unknownProfile();
}

function isTime(part: unknown): part is number {
  return typeof part === 'number' && Number.isInteger(part) && part >= 0 && part < LAST_MS;
}

function isDecimal(part: unknown): part is string {
  return typeof part === 'string' && /^\d{1,20}$/.test(part) && BigInt(part) < 2n ** 64n;
}

function unknownProfile(): NotFoundError {
  return new NotFoundError(
    'unknown_profile',
    'There is no profile with this id.',
    'GET /api/v1/profiles lists what there is; profiles go when their retention ends.',
  );
}
