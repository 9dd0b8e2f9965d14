import { createHash } from 'node:crypto';
import type { ProfileToScrape } from '@everflame/contract';
import type { LabelSet } from '@everflame/profile';
import type { Principal } from '@everflame/service-kit';

/** One process that is scraped, and how. */
export interface Target {
  /** Stable across restarts and replicas: a hash of pool, URL and labels. */
  readonly id: string;
  readonly principal: Principal;
  /** Name of its scrape pool. */
  readonly pool: string;
  /** `http://host:port` */
  readonly url: string;
  /** Those of every profile of the target. */
  readonly labels: LabelSet;
  readonly intervalMs: number;
  /** How long an answer may take beyond the length of a recording. */
  readonly timeoutMs: number;
  readonly profiles: readonly ProfileToScrape[];
}

/** Tells the profiles of all targets apart. */
export function profileKeyOf({ id }: Target, { key }: ProfileToScrape): string {
  return `${id}/${key}`;
}

/** Returns a stable id of a target. */
export function targetId(pool: string, url: string, labels: LabelSet): string {
  const identity = JSON.stringify([pool, url, labels.entries()]);
  return createHash('sha256').update(identity).digest('hex').slice(0, 20);
}

/**
 * Where in its interval a target is scraped, 1 to `intervalMs` - 1, in ms: a hash spreads the targets evenly, and the
 * slot of a target never moves.
 */
export function scheduleOffsetMs(target: Pick<Target, 'id' | 'intervalMs'>): number {
  const spread = Number.parseInt(target.id.slice(0, 12), 16) / 2 ** 48;
  return 1 + Math.floor(spread * (target.intervalMs - 1));
}
