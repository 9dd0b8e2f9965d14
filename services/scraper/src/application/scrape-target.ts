import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { DomainError } from '@everflame/profile';
import type { Clock, Logger } from '@everflame/service-kit';
import {
  type ProfileFetcher,
  type ProfilePush,
  type ProfileSink,
  PushRefusedError,
  type ScrapeObserver,
} from './ports.ts';
import type { ProfilePreparer } from './prepare-profile.ts';
import type { ProfileToScrape } from './scrape-profile.ts';
import type { StatusBoard } from './status-board.ts';
import type { Target } from './targets.ts';

const MAX_ATTEMPTS = 5;
const FIRST_RETRY_MS = 500;

/** What a `TargetScraper` works with. */
export interface TargetScraperParts {
  readonly fetcher: ProfileFetcher;
  readonly preparer: Pick<ProfilePreparer, 'prepare' | 'forget'>;
  readonly sink: ProfileSink;
  readonly board: StatusBoard;
  readonly observer: ScrapeObserver;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Ends every scrape that runs, without a trace in the status. */
  readonly signal: AbortSignal;
}

/** Scrapes targets: fetches all their profiles side by side, prepares them, and pushes them. */
export class TargetScraper {
  readonly #running = new Set<string>();
  readonly #parts: TargetScraperParts;

  constructor(parts: TargetScraperParts) {
    this.#parts = parts;
  }

  /** One scrape of every enabled profile of a target. Never throws: failures end in the status and the metrics. */
  async scrape(target: Target): Promise<void> {
    await Promise.all(target.profiles.map((profile) => this.#scrapeOnce(target, profile)));
  }

  /** Forgets what deltas are taken against; the next scrape of the target is a baseline. */
  forgetDeltas(target: Target): void {
    this.#parts.preparer.forget(target);
  }

  /** A recording that outlives its interval is not started twice. */
  async #scrapeOnce(target: Target, profile: ProfileToScrape): Promise<void> {
    const key = `${target.id}/${profile.key}`;
    if (this.#running.has(key)) {
      this.#parts.observer.scraped(target, profile, 'overlap', 0);
      return;
    }
    this.#running.add(key);
    try {
      await this.#scrapeProfile(target, profile);
    } finally {
      this.#running.delete(key);
    }
  }

  async #scrapeProfile(target: Target, profile: ProfileToScrape): Promise<void> {
    const began = { unixMs: this.#parts.clock.now(), stopwatchMs: performance.now() };
    let bodyBytes: number | undefined;
    let error: DomainError | undefined;
    try {
      const body = await this.#fetch(target, profile);
      bodyBytes = body.length;
      this.#parts.observer.received(target, profile, bodyBytes);
      const prepared = this.#parts.preparer.prepare(target, profile, body, began);
      if (prepared !== undefined) {
        const push = {
          id: randomUUID(),
          labels: target.labels,
          profileName: profile.profileName,
          ...prepared,
        };
        await this.#push(push, began.stopwatchMs + target.intervalMs);
      }
    } catch (caught) {
      if (this.#parts.signal.aborted) return;
      error = this.#asDomainError(caught);
    }
    const durationMs = Math.round(performance.now() - began.stopwatchMs);
    this.#parts.observer.scraped(target, profile, error?.code ?? 'ok', durationMs);
    const before = this.#parts.board.record(target, profile, {
      at: began.unixMs,
      durationMs,
      bodyBytes,
      error,
    });
    this.#logChange(target, profile, before, error);
  }

  #fetch(target: Target, profile: ProfileToScrape): Promise<Uint8Array> {
    const { seconds } = profile;
    const separator = profile.path.includes('?') ? '&' : '?';
    const query = seconds === undefined ? '' : `${separator}seconds=${seconds}`;
    return this.#parts.fetcher.fetch(
      `${target.url}${profile.path}${query}`,
      target.timeoutMs + (seconds ?? 0) * 1000,
      this.#parts.signal,
    );
  }

  /** Pushes, and again with the same id as long as it may help and the next scrape is not due, by `performance.now()`. */
  async #push(push: ProfilePush, dueAt: number): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#parts.sink.push(push);
        this.#parts.observer.pushed('accepted');
        return;
      } catch (error) {
        if (!(error instanceof PushRefusedError)) throw error;
        this.#parts.observer.pushed(error.code);
        const pauseMs = Math.max(error.retryAfterMs, FIRST_RETRY_MS * 2 ** (attempt - 1));
        const isOver = attempt === MAX_ATTEMPTS || performance.now() + pauseMs >= dueAt;
        if (!error.isRetryable || isOver) throw error;
        await sleep(pauseMs, undefined, { signal: this.#parts.signal });
      }
    }
  }

  #asDomainError(error: unknown): DomainError {
    if (error instanceof DomainError) return error;
    this.#parts.logger.error({ err: error }, 'scrape failed inside');
    return new DomainError('unavailable', 'internal', 'Something went wrong inside the scraper.', {
      hint: 'Its log has the cause.',
    });
  }

  #logChange(target: Target, profile: ProfileToScrape, before: string, error: DomainError | undefined): void {
    const facts = { pool: target.pool, url: target.url, profile: profile.key };
    const { logger } = this.#parts;
    if (error !== undefined && before !== 'down') {
      logger.warn({ ...facts, code: error.code, reason: error.message }, 'scrape fails');
    } else if (error === undefined && before === 'down') {
      logger.info(facts, 'scrape succeeds again');
    } else {
      logger.debug({ ...facts, code: error?.code }, 'scraped');
    }
  }
}
