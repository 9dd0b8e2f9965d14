import type { ProfileToScrape, TargetProfileStatus, TargetsResponse } from '@everflame/contract';
import type { DomainError } from '@everflame/profile';
import type { Principal } from '@everflame/service-kit';
import { profileKeyOf, type Target } from './target.ts';
import type { TargetSet } from './target-set.ts';

type Health = TargetProfileStatus['health'];

const NOT_SCRAPED_YET = {
  health: 'unknown',
  lastScrapeAt: null,
  lastDurationMs: null,
  lastBytes: null,
  lastError: null,
  scrapes: 0,
  failures: 0,
} as const;

/** What one finished scrape of one profile says. */
export interface ScrapeReport {
  /** Unix ms of the start. */
  readonly at: number;
  readonly durationMs: number;
  readonly bodyBytes: number | undefined;
  readonly error: DomainError | undefined;
}

/** The last scrape of every profile of every target of this process, in memory. */
export class StatusBoard {
  readonly #targets: TargetSet;
  readonly #statuses = new Map<string, TargetProfileStatus>();

  constructor(targets: TargetSet) {
    this.#targets = targets;
  }

  /** Records a scrape and returns the health before it. */
  record(target: Target, profile: ProfileToScrape, report: ScrapeReport): Health {
    const before = this.#statusOf(target, profile);
    const { error } = report;
    this.#statuses.set(profileKeyOf(target, profile), {
      profile: profile.key,
      health: error === undefined ? 'up' : 'down',
      lastScrapeAt: report.at,
      lastDurationMs: report.durationMs,
      lastBytes: report.bodyBytes ?? null,
      lastError: error === undefined ? null : { code: error.code, message: textOf(error) },
      scrapes: before.scrapes + 1,
      failures: before.failures + (error === undefined ? 0 : 1),
    });
    return before.health;
  }

  /** Forgets the last scrape of a profile. */
  forget(target: Target, profile: ProfileToScrape): void {
    this.#statuses.delete(profileKeyOf(target, profile));
  }

  /** The answer of GET /api/v1/targets, sorted by pool and URL. */
  list({ tenant }: Principal): TargetsResponse {
    const own = [...this.#targets].filter(({ principal }) => principal.tenant === tenant);
    const targets = own.map((target) => {
      const profiles = target.profiles.map((profile) => this.#statusOf(target, profile));
      return {
        id: target.id,
        pool: target.pool,
        url: target.url,
        labels: target.labels.toObject(),
        scrapeIntervalMs: target.intervalMs,
        health: worstOf(profiles),
        profiles,
      };
    });
    return { targets: targets.toSorted((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1)) };
  }

  #statusOf(target: Target, profile: ProfileToScrape): TargetProfileStatus {
    return this.#statuses.get(profileKeyOf(target, profile)) ?? { profile: profile.key, ...NOT_SCRAPED_YET };
  }
}

function textOf(error: DomainError): string {
  return error.hint === undefined ? error.message : `${error.message} ${error.hint}`;
}

function worstOf(profiles: readonly TargetProfileStatus[]): Health {
  if (profiles.some((profile) => profile.health === 'down')) return 'down';
  return profiles.some((profile) => profile.health === 'up') ? 'up' : 'unknown';
}

function sortKey({ pool, url }: Pick<Target, 'pool' | 'url'>): string {
  return `${pool}\0${url}`;
}
