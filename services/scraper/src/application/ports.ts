import type { ProfileToScrape } from '@everflame/contract';
import { DomainError, type ErrorKind, type LabelSet, type ProfileKind } from '@everflame/profile';
import type { Principal } from '@everflame/service-kit';
import type { TargetGroup } from './scrape-pool.ts';
import type { Target } from './target.ts';

/**
 * Finds the targets of a scrape pool, those that are there and those that come and go: hands on all groups there are,
 * and again when they change, until `signal` aborts.
 */
export type Provider = (onGroups: (groups: readonly TargetGroup[]) => void, signal: AbortSignal) => void;

/** Fetches profiles from targets. */
export interface ProfileFetcher {
  /**
   * The body of a 200 answer. Throws `ScrapeError`, or `LimitExceededError` (`limit_body_bytes`) for one that is too
   * large; rejects with the reason of `signal` when that aborts.
   */
  fetch(url: string, timeoutMs: number, signal: AbortSignal): Promise<Uint8Array>;
}

/** One profile on its way to ingest. */
export interface ProfilePush {
  /** The same for every attempt. */
  readonly id: string;
  readonly labels: LabelSet;
  readonly profileName: string;
  /** pprof, gzip. */
  readonly pprof: Uint8Array;
  readonly kinds: readonly { readonly sampleType: string; readonly kind: ProfileKind }[];
  /** Unix ms. */
  readonly timeMs: number;
  /** 0 = what the profile says. */
  readonly durationMs: number;
}

/** Ingest refused a profile or did not answer. */
export class PushRefusedError extends DomainError {
  /** Least time until the next attempt; 0 = the pusher's choice. */
  readonly retryAfterMs: number;

  constructor(
    kind: ErrorKind,
    code: string,
    message: string,
    options: { hint?: string | undefined; retryAfterMs?: number; cause?: unknown } = {},
  ) {
    super(kind, code, message, options);
    this.retryAfterMs = options.retryAfterMs ?? 0;
  }
}

/** Delivers profiles to ingest. */
export interface ProfileSink {
  /** Resolves when the profile is durable; throws `PushRefusedError`. */
  push(principal: Principal, push: ProfilePush): Promise<void>;
}

/** Decides which of several scrapers scrapes a target, as the state of deltas stays in one process. */
export interface TargetOwnership {
  /** Hands the target to the scraper that owns it; false when it is this one, or the owner is gone. */
  handOver(targetId: string): Promise<boolean>;
  /** Notes that this scraper scrapes the target now; true when it was this one the last time as well. */
  claim(target: Target): Promise<boolean>;
}

/** What is counted; implemented by the metrics. */
export interface ScrapeObserver {
  /** `outcome` is `ok`, `overlap` or the code of the failure. */
  scraped(target: Target, profile: ProfileToScrape, outcome: string, durationMs: number): void;
  received(target: Target, profile: ProfileToScrape, bodyBytes: number): void;
  /** `outcome` is `accepted` or the code of the refusal. */
  pushed(outcome: string): void;
  deltaReset(target: Target, profile: ProfileToScrape): void;
  deltaStateBytes(bytes: number): void;
}
