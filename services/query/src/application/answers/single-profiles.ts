import type { ProfileQuery, ProfilesQuery, ProfilesResponse } from '@everflame/contract';
import type { ExportFormat } from '@everflame/flamegraph';
import {
  hash64FromDecimal,
  hash64ToDecimal,
  LABEL_SERVICE_NAME,
  NotFoundError,
  parseProfileType,
} from '@everflame/profile';
import type { Principal } from '@everflame/service-kit';
import {
  type ClickHouse,
  type LabelledProfile,
  newestProfiles,
  type ProfileFilter,
  type ProfileKey,
} from '@everflame/storage';
import { parseProfileFilter, type QueryContext } from '../params/filters.ts';
import { parseWantedTree, type TreeParams } from '../params/wanted-tree.ts';
import { filterOfMoment, type MergedProfile } from '../stacks/merge-profiles.ts';
import { headerOf } from '../stacks/stack-queries.ts';
import { StackView } from '../stacks/stack-view.ts';
import { type EncodedTree, type Encoder, readTree } from '../trees/tree-cache.ts';
import { exportProfile, type FlamegraphParts } from './flamegraphs.ts';

/** Profiles of one moment. */
export class SingleProfiles {
  readonly #clickhouse: ClickHouse;
  readonly #parts: Omit<FlamegraphParts, 'queries'>;

  constructor(clickhouse: ClickHouse, parts: Omit<FlamegraphParts, 'queries'>) {
    this.#clickhouse = clickhouse;
    this.#parts = parts;
  }

  /** The newest profiles of a selector. */
  async list(context: QueryContext, params: ProfilesQuery): Promise<ProfilesResponse> {
    const filter = parseProfileFilter(context, params);
    const { items, truncated } = await newestProfiles(this.#clickhouse, filter, params.limit);
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
    principal: Principal,
    id: string,
    params: ProfileQuery & TreeParams,
    encoder: Encoder,
  ): Promise<EncodedTree> {
    const { trees, answers } = this.#parts;
    const wanted = parseWantedTree(params);
    const view = new StackView(params);
    const key = parseProfileId(principal, id);
    const filters = filtersOf(key);
    return readTree(answers, { filters, view: { id, ...params } }, encoder, async () => {
      const profile = await this.#open(filters, key);
      return trees.answer({ header: headerOf(profile), stacks: view.stacksOf(profile) }, wanted);
    });
  }

  /** Throws `unknown_profile`. */
  async export(
    principal: Principal,
    id: string,
    params: ProfileQuery & { readonly format: ExportFormat },
  ): Promise<Iterable<string | Uint8Array>> {
    const view = new StackView(params);
    const key = parseProfileId(principal, id);
    return exportProfile(await this.#open(filtersOf(key), key), view, params.format);
  }

  async #open(filters: readonly ProfileFilter[], key: ProfileKey): Promise<MergedProfile> {
    const profile = await this.#parts.merger.single(filters, key);
    if (profile === undefined) throw unknownProfile();
    return profile;
  }
}

/** What selects all that a profile can be among; nothing where its id does not name its service. */
function filtersOf(key: ProfileKey): readonly ProfileFilter[] {
  return key.service === undefined ? [] : [filterOfMoment(key, key.service, 1)];
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

function parseProfileId({ tenant }: Principal, id: string): ProfileKey {
  try {
    const parts: unknown = JSON.parse(Buffer.from(id, 'base64url').toString('utf8'));
    const [type, timeMs, fingerprint, profileId, service] = Array.isArray(parts) ? (parts as unknown[]) : [];
    if (
      typeof type === 'string' &&
      isTime(timeMs) &&
      typeof fingerprint === 'string' &&
      typeof profileId === 'string' &&
      (service === undefined || typeof service === 'string')
    ) {
      return {
        tenant,
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

function unknownProfile(): NotFoundError {
  return new NotFoundError(
    'unknown_profile',
    'There is no profile with this id.',
    'GET /api/v1/profiles lists what there is; profiles go when their retention ends.',
  );
}
