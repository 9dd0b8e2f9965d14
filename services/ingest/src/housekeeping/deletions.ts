import { createHash } from 'node:crypto';
import type {
  DeletionPreviewRequest,
  DeletionPreviewResponse,
  DeletionRequest,
  DeletionResponse,
} from '@everflame/contract';
import {
  checkMatchers,
  DomainError,
  InvalidArgumentError,
  parseRange,
  parseSelector,
  PROFILE_BOUNDS,
} from '@everflame/profile';
import type { Clock, Logger, Principal } from '@everflame/service-kit';
import { type ClickHouse, deleteProfiles, previewDeletion, type SeriesFilter } from '@everflame/storage';

const TOKEN_LIFE_MS = 10 * 60_000;
/** While a deletion is thought about, profiles go on coming in. */
const GROWTH = 1.1;
const GROWTH_PROFILES = 1000;

/** Removes profiles, after saying what that would remove. */
export class Deletions {
  readonly #clickhouse: ClickHouse;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #isRunning = false;

  /** Statements of `clickhouse` may take minutes. */
  constructor(clickhouse: ClickHouse, clock: Clock, logger: Logger) {
    this.#clickhouse = clickhouse;
    this.#clock = clock;
    this.#logger = logger;
  }

  async preview(principal: Principal, request: DeletionPreviewRequest): Promise<DeletionPreviewResponse> {
    const nowMs = this.#clock.now();
    const found = await this.#find(filterOf(principal, request, nowMs), request.query);
    const expires = nowMs + TOKEN_LIFE_MS;
    return { ...found, token: tokenOf(principal, found, expires), expires };
  }

  /**
   * Resolves when it is done. Throws `confirmation_invalid`, `confirmation_expired` or `confirmation_outdated` where the
   * token is not that of a preview that still holds, and `deletion_running` while another one is under way.
   */
  async delete(principal: Principal, request: DeletionRequest): Promise<DeletionResponse> {
    const nowMs = this.#clock.now();
    const filter = filterOf(principal, request, nowMs);
    const found = await this.#find(filter, request.query);
    checkToken(principal, request.token, found, nowMs);
    if (this.#isRunning) {
      throw new DomainError('conflict', 'deletion_running', 'Another deletion is under way.', {
        hint: 'Try again when it is done.',
      });
    }
    this.#isRunning = true;
    const facts = { tenant: principal.tenant, ...found };
    this.#logger.info(facts, 'deleting profiles');
    try {
      await deleteProfiles(this.#clickhouse, filter);
    } finally {
      this.#isRunning = false;
    }
    this.#logger.info(facts, 'profiles deleted');
    return found;
  }

  async #find(filter: SeriesFilter, query: string): Promise<DeletionResponse> {
    const found = await previewDeletion(this.#clickhouse, filter);
    const { firstMs: first, lastMs: last, rollupRows, ...preview } = found;
    return {
      query,
      from: filter.fromMs,
      to: filter.toMs,
      ...preview,
      hourRows: rollupRows.get('hour') ?? 0,
      dayRows: rollupRows.get('day') ?? 0,
      serviceNames: [...preview.serviceNames],
      keptHours: [...preview.keptHours],
      first,
      last,
    };
  }
}

function filterOf(
  { tenant }: Principal,
  { query, from, to }: DeletionPreviewRequest,
  nowMs: number,
): SeriesFilter {
  const { profileType, matchers } = parseSelector(query);
  checkMatchers(matchers);
  const maxRangeDays = PROFILE_BOUNDS.retentionDays.max;
  const range = parseRange(String(from), String(to), { nowMs, maxRangeDays });
  return {
    tenant,
    matchers,
    ...range,
    ...(profileType === undefined ? {} : { profileTypeId: profileType.id }),
  };
}

/** Guards against mistakes, not against people: it can be worked out without a preview. */
function tokenOf(
  { tenant }: Principal,
  { query, from, to, profiles }: DeletionResponse,
  expires: number,
): string {
  const text = JSON.stringify([tenant, query, from, to, profiles, expires]);
  return [expires, profiles, createHash('sha256').update(text).digest('base64url')].join('.');
}

function checkToken(principal: Principal, token: string, found: DeletionResponse, nowMs: number): void {
  const [expires = Number.NaN, profiles = Number.NaN] = token.split('.', 2).map(Number);
  if (token !== tokenOf(principal, { ...found, profiles }, expires)) {
    throw refusal('invalid', 'The token is not that of a preview of this selector and range.');
  }
  if (nowMs > expires) throw refusal('expired', 'The preview is older than ten minutes.');
  if (found.profiles > profiles * GROWTH + GROWTH_PROFILES) {
    throw refusal(
      'outdated',
      `There were ${profiles} profiles in the preview and are ${found.profiles} now.`,
    );
  }
}

function refusal(reason: 'invalid' | 'expired' | 'outdated', message: string): InvalidArgumentError {
  return new InvalidArgumentError(message, {
    code: `confirmation_${reason}`,
    hint: 'Ask for a preview and send its query, from, to and token.',
  });
}
