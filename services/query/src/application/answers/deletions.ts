import { createHash } from 'node:crypto';
import type {
  DeletionPreviewRequest,
  DeletionPreviewResponse,
  DeletionRequest,
  DeletionResponse,
} from '@everflame/contract';
import { DomainError, InvalidArgumentError } from '@everflame/profile';
import type { Logger } from '@everflame/service-kit';
import { type ClickHouse, deleteProfiles, previewDeletion } from '@everflame/storage';
import { type QueryContext, seriesFilterOf } from '../params/query-filter.ts';

const TOKEN_LIFE_MS = 10 * 60_000;
/** While a deletion is thought about, profiles go on coming in. */
const GROWTH = 1.1;
const GROWTH_PROFILES = 1000;

/** Removes profiles, after saying what that would remove. */
export class Deletions {
  private readonly clickhouse: ClickHouse;
  private readonly logger: Logger;
  private isRunning = false;

  /** Statements of `clickhouse` may take minutes. */
  constructor(clickhouse: ClickHouse, logger: Logger) {
    this.clickhouse = clickhouse;
    this.logger = logger;
  }

  async preview(request: DeletionPreviewRequest, context: QueryContext): Promise<DeletionPreviewResponse> {
    const found = await this.read(request, context);
    const expires = context.nowMs + TOKEN_LIFE_MS;
    return { ...found, token: tokenOf(found, context.tenant, expires), expires };
  }

  /**
   * Resolves when it is done. Throws `confirmation_invalid`, `confirmation_expired` or `confirmation_outdated` where the
   * token is not that of a preview that still holds, and `deletion_running` while another one is under way.
   */
  async delete(request: DeletionRequest, context: QueryContext): Promise<DeletionResponse> {
    const found = await this.read(request, context);
    checkToken(request.token, found, context);
    if (this.isRunning) {
      throw new DomainError('conflict', 'deletion_running', 'Another deletion is under way.', {
        hint: 'Try again when it is done.',
      });
    }
    this.isRunning = true;
    const facts = { tenant: context.tenant, ...found };
    this.logger.info(facts, 'deleting profiles');
    try {
      const { query, from, to } = found;
      const filter = seriesFilterOf({ query, from: String(from), to: String(to) }, context);
      await deleteProfiles(this.clickhouse, filter);
    } finally {
      this.isRunning = false;
    }
    this.logger.info(facts, 'profiles deleted');
    return found;
  }

  private async read(request: DeletionPreviewRequest, context: QueryContext): Promise<DeletionResponse> {
    const { query, from, to } = request;
    const filter = seriesFilterOf({ query, from: String(from), to: String(to) }, context);
    const { firstMs: first, lastMs: last, ...preview } = await previewDeletion(this.clickhouse, filter);
    return {
      query,
      from: filter.fromMs,
      to: filter.toMs,
      ...preview,
      serviceNames: [...preview.serviceNames],
      keptHours: [...preview.keptHours],
      first,
      last,
    };
  }
}

/** Guards against mistakes, not against people: it can be worked out without a preview. */
function tokenOf({ query, from, to, profiles }: DeletionResponse, tenant: string, expires: number): string {
  const text = JSON.stringify([tenant, query, from, to, profiles, expires]);
  return [expires, profiles, createHash('sha256').update(text).digest('base64url')].join('.');
}

function checkToken(token: string, found: DeletionResponse, { tenant, nowMs }: QueryContext): void {
  const [expires = Number.NaN, profiles = Number.NaN] = token.split('.', 2).map(Number);
  if (token !== tokenOf({ ...found, profiles }, tenant, expires)) {
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
