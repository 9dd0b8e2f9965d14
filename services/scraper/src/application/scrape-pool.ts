import { discoveredLabels, profilesOf, type ScrapeConfig, selfProfiles } from '@everflame/contract';
import type { Principal } from '@everflame/service-kit';
import { type Target, targetId } from './target.ts';

/** Whose targets are scraped how; one for each scrape config. */
export interface ScrapePool extends Pick<Target, 'principal' | 'intervalMs' | 'timeoutMs' | 'profiles'> {
  /** The job_name of its scrape config. */
  readonly name: string;
  readonly scheme: 'http' | 'https';
}

/** Targets that were found together, and the labels they share. */
export interface TargetGroup {
  /** `host:port` of each. */
  readonly targets: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

const SELF_INTERVAL_MS = 15_000;
const TIMEOUT_SPARE_MS = 3000;

/** Returns the pool of a scrape config. */
export function poolOf(principal: Principal, config: ScrapeConfig): ScrapePool {
  return {
    principal,
    name: config.job_name,
    scheme: config.scheme,
    intervalMs: config.scrape_interval,
    timeoutMs: config.scrape_timeout ?? config.scrape_interval + TIMEOUT_SPARE_MS,
    profiles: profilesOf(config),
  };
}

/** Returns the pool of Everflame's own processes. */
export function selfPool(principal: Principal): ScrapePool {
  return {
    principal,
    name: 'everflame',
    scheme: 'http',
    intervalMs: SELF_INTERVAL_MS,
    timeoutMs: SELF_INTERVAL_MS + TIMEOUT_SPARE_MS,
    profiles: selfProfiles(SELF_INTERVAL_MS),
  };
}

/** Returns the targets of a pool that the groups make. */
export function targetsOf(pool: ScrapePool, groups: readonly TargetGroup[]): readonly Target[] {
  const { name, scheme, ...shared } = pool;
  return groups.flatMap((group) =>
    group.targets.map((address) => {
      const labels = discoveredLabels(name, address, group.labels);
      const url = `${scheme}://${address}`;
      const id = targetId(name, url, labels);
      return { ...shared, id, pool: name, url, labels };
    }),
  );
}
