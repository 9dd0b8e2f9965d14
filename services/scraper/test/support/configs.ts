import { everflameFileSchema, type EverflameFile, type ScrapeConfig } from '@everflame/contract';
import { type Target, targetsOf } from '../../src/application/targets.ts';

/** A parsed everflame.yaml with these scrape configs. */
export function fileWith(...configs: object[]): EverflameFile {
  return everflameFileSchema.parse({ scrape_configs: configs });
}

/** A parsed scrape config; `job_name` shop and one target unless given. */
export function scrapeConfig(config: object = {}): ScrapeConfig {
  const file = fileWith({ job_name: 'shop', static_configs: [{ targets: ['127.0.0.1:6060'] }], ...config });
  const [parsed] = file.scrape_configs;
  if (parsed === undefined) throw new Error('no scrape config');
  return parsed;
}

/** The only target of a scrape config. */
export function targetWith(config: object = {}): Target {
  const problems: string[] = [];
  const [target] = targetsOf(
    { scrape_configs: [scrapeConfig(config)], rules: [], receivers: [], retention: [] },
    [],
    problems,
  );
  if (target === undefined || problems.length > 0) throw new Error(problems.join('\n'));
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
