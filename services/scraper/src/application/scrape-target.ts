import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ProfileToScrape } from '@everflame/contract';
import { DomainError } from '@everflame/profile';
import type { Clock, Logger } from '@everflame/service-kit';
import {
  type ProfileFetcher,
  type ProfilePush,
  type ProfileSink,
  PushRefusedError,
  type ScrapeObserver,
} from './ports.ts';
import type { ProfilePreparer, ScrapeStart } from './prepare-profile.ts';
import type { StatusBoard } from './status-board.ts';
import { profileKeyOf, type Target } from './target.ts';

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
}

/** Scrapes targets: fetches all their profiles side by side, prepares them, and pushes them. */
export class TargetScraper {
  readonly #running = new Map<string, AbortController>();
  #isStopped = false;
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
    this.#parts.preparer.forget(target, target.profiles);
  }

  /** Forgets all about these profiles of a target, and ends their scrapes without a trace in the status. */
  forget(target: Target, profiles: readonly ProfileToScrape[]): void {
    this.#parts.preparer.forget(target, profiles);
    for (const profile of profiles) {
      this.#running.get(profileKeyOf(target, profile))?.abort();
      this.#parts.board.forget(target, profile);
    }
  }

  /** Ends every scrape that runs, without a trace in the status, and begins no more. */
  stop(): void {
    this.#isStopped = true;
    for (const running of this.#running.values()) running.abort();
  }

  /** A recording that outlives its interval is not started twice. */
  async #scrapeOnce(target: Target, profile: ProfileToScrape): Promise<void> {
    const key = profileKeyOf(target, profile);
    if (this.#isStopped) return;
    if (this.#running.has(key)) {
      this.#parts.observer.scraped(target, profile, 'overlap', 0);
      return;
    }
    const running = new AbortController();
    this.#running.set(key, running);
    try {
      await this.#scrapeProfile(target, profile, running.signal);
    } finally {
      this.#running.delete(key);
    }
  }

  async #scrapeProfile(target: Target, profile: ProfileToScrape, signal: AbortSignal): Promise<void> {
    const { board, clock, observer } = this.#parts;
    const began = { unixMs: clock.now(), stopwatchMs: performance.now() };
    let bodyBytes: number | undefined;
    let error: DomainError | undefined;
    try {
      const body = await this.#fetch(target, profile, signal);
      signal.throwIfAborted();
      bodyBytes = body.length;
      observer.received(target, profile, bodyBytes);
      await this.#push(target, this.#prepare(target, profile, body, began), {
        dueAt: began.stopwatchMs + target.intervalMs,
        signal,
      });
    } catch (caught) {
      error = signal.aborted ? undefined : this.#asDomainError(caught);
    }
    if (signal.aborted) return;
    const durationMs = Math.round(performance.now() - began.stopwatchMs);
    observer.scraped(target, profile, error?.code ?? 'ok', durationMs);
    const before = board.record(target, profile, { at: began.unixMs, durationMs, bodyBytes, error });
    this.#logChange(target, profile, before, error);
  }

  #fetch(target: Target, profile: ProfileToScrape, signal: AbortSignal): Promise<Uint8Array> {
    const { seconds } = profile;
    const separator = profile.path.includes('?') ? '&' : '?';
    const query = seconds === undefined ? '' : `${separator}seconds=${seconds}`;
    return this.#parts.fetcher.fetch(
      `${target.url}${profile.path}${query}`,
      target.timeoutMs + (seconds ?? 0) * 1000,
      signal,
    );
  }

  #prepare(
    target: Target,
    profile: ProfileToScrape,
    body: Uint8Array,
    began: ScrapeStart,
  ): ProfilePush | undefined {
    const prepared = this.#parts.preparer.prepare(target, profile, body, began);
    if (prepared === undefined) return undefined;
    return { id: randomUUID(), labels: target.labels, profileName: profile.profileName, ...prepared };
  }

  /** Pushes, and again with the same id as long as it may help and the next scrape is not due, by `performance.now()`. */
  async #push(
    { principal }: Target,
    push: ProfilePush | undefined,
    { dueAt, signal }: { readonly dueAt: number; readonly signal: AbortSignal },
  ): Promise<void> {
    if (push === undefined) return;
    const { observer, sink } = this.#parts;
    for (let attempt = 1; ; attempt++) {
      try {
        await sink.push(principal, push);
        observer.pushed('accepted');
        return;
      } catch (error) {
        if (!(error instanceof PushRefusedError)) throw error;
        observer.pushed(error.code);
        const pauseMs = Math.max(error.retryAfterMs, FIRST_RETRY_MS * 2 ** (attempt - 1));
        const isOver = attempt === MAX_ATTEMPTS || performance.now() + pauseMs >= dueAt;
        if (!error.isRetryable || isOver) throw error;
        await sleep(pauseMs, undefined, { signal });
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
