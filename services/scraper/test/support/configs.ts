import { everflameFileSchema, type ScrapeConfig } from '@everflame/contract';
import { poolOf, targetsOf } from '../../src/application/scrape-pool.ts';
import type { Target } from '../../src/application/target.ts';

/** Whose all targets are. */
export const EVERYONE = { tenant: 'default' };

/** A parsed scrape config; `job_name` shop and one target unless given. */
export function scrapeConfig(config: object = {}): ScrapeConfig {
  const [parsed] = everflameFileSchema.parse({
    scrape_configs: [{ job_name: 'shop', static_configs: [{ targets: ['127.0.0.1:6060'] }], ...config }],
  }).scrape_configs;
  if (parsed === undefined) throw new Error('no scrape config');
  return parsed;
}

/** The targets of a scrape config. */
export function targetsWith(config: object = {}): readonly Target[] {
  const parsed = scrapeConfig(config);
  return targetsOf(poolOf(EVERYONE, parsed), parsed.static_configs);
}

/** The only target of a scrape config. */
export function targetWith(config: object = {}): Target {
  const [target] = targetsWith(config);
  if (target === undefined) throw new Error('no target');
  return target;
}

/** Keys of the profiles that are scraped by default, sorted. */
export const GO_PROFILES = ['allocs', 'block', 'cpu', 'goroutine', 'heap', 'mutex', 'threadcreate'];

/** `profiles` of a scrape config that disable all others. */
export function only(...keys: string[]): object {
  return Object.fromEntries(
    GO_PROFILES.filter((key) => !keys.includes(key)).map((key) => [key, { enabled: false }]),
  );
}

/** A scrape config with an interval of one second. */
export function pool(job_name: string, targets: string[], more: object = {}): object {
  return { job_name, scrape_interval: '1s', static_configs: [{ targets }], ...more };
}
