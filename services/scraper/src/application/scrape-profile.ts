import type { ScrapeConfig, ScrapeProfile } from '@everflame/contract';

/** One kind of profile of one target: where it is, and what becomes of it. */
export interface ProfileToScrape {
  /** As configured: cpu, heap, allocs, … */
  readonly key: string;
  readonly path: string;
  /** Name of the stored profile type, such as process_cpu. */
  readonly profileName: string;
  /** Length of the recording; undefined for a snapshot. */
  readonly seconds: number | undefined;
  /** Turn cumulative sample types into deltas between scrapes. */
  readonly delta: boolean;
  /** Sample types that are stored; all when undefined. */
  readonly keepSampleTypes: readonly string[] | undefined;
}

type Defaults = Omit<ProfileToScrape, 'key'>;

const MAX_RECORDING_SECONDS = 10;

function snapshot(name: string, profileName: string, options: Partial<Defaults> = {}): Defaults {
  return {
    path: `/debug/pprof/${name}`,
    profileName,
    seconds: undefined,
    delta: false,
    keepSampleTypes: undefined,
    ...options,
  };
}

function unknownProfile(key: string): Defaults {
  return { ...snapshot('', key.replaceAll('-', '_')), path: '' };
}

function cpu(intervalMs: number): Defaults {
  const spare = Math.floor(intervalMs / 1000) - 2;
  return {
    ...snapshot('profile', 'process_cpu'),
    seconds: Math.max(1, Math.min(MAX_RECORDING_SECONDS, spare)),
  };
}

/**
 * What net/http/pprof serves. heap and allocs are the same profile with four sample types; heap keeps the levels
 * and allocs the counters, so nothing is stored twice.
 */
function goDefaults(intervalMs: number): ReadonlyMap<string, Defaults> {
  return new Map([
    ['cpu', cpu(intervalMs)],
    ['heap', snapshot('heap', 'memory', { keepSampleTypes: ['inuse_objects', 'inuse_space'] })],
    [
      'allocs',
      snapshot('allocs', 'memory', { delta: true, keepSampleTypes: ['alloc_objects', 'alloc_space'] }),
    ],
    ['block', snapshot('block', 'block', { delta: true })],
    ['mutex', snapshot('mutex', 'mutex', { delta: true })],
    ['goroutine', snapshot('goroutine', 'goroutines')],
    ['threadcreate', snapshot('threadcreate', 'threadcreate')],
  ]);
}

/** What every Everflame process serves. */
export function selfProfiles(intervalMs: number): readonly ProfileToScrape[] {
  return [
    { key: 'cpu', ...cpu(intervalMs) },
    { key: 'heap', ...snapshot('heap', 'memory') },
  ];
}

/**
 * The profiles to scrape for a scrape config: the seven of Go, each setting overridden by `profiles.<key>`, and
 * further ones by new keys. `problems` receives a line for each setting that makes no sense.
 */
export function profilesOf(config: ScrapeConfig, problems: string[]): readonly ProfileToScrape[] {
  const defaults = goDefaults(config.scrape_interval);
  const keys = new Set([...defaults.keys(), ...Object.keys(config.profiles)]);
  const profiles: ProfileToScrape[] = [];
  for (const key of keys) {
    const override = config.profiles[key] ?? {};
    if (override.enabled === false) continue;
    const where = `scrape_configs.${config.job_name}.profiles.${key}`;
    const before = problems.length;
    const profile = merge(key, defaults.get(key) ?? unknownProfile(key), override, (problem) =>
      problems.push(`${where}: ${problem}`),
    );
    if (profile.seconds !== undefined && override.seconds !== undefined) {
      if (profile.seconds * 1000 >= config.scrape_interval) {
        problems.push(
          `${where}.seconds: a recording of ${profile.seconds} s must be shorter than scrape_interval`,
        );
      }
    }
    if (problems.length === before) profiles.push(profile);
  }
  if (profiles.length === 0 && problems.length === 0) {
    problems.push(`scrape_configs.${config.job_name}: every profile is disabled`);
  }
  return profiles;
}

function merge(
  key: string,
  defaults: Defaults,
  override: ScrapeProfile,
  report: (problem: string) => void,
): ProfileToScrape {
  const path = override.path ?? defaults.path;
  if (path === '') report('path is required, as there is no default for this name');
  const seconds = override.seconds ?? defaults.seconds;
  // A target that records over `seconds` answers with the difference already.
  const delta = override.delta ?? (defaults.delta && seconds === undefined);
  if (delta && seconds !== undefined) {
    report('delta and seconds exclude each other: the target already answers with a difference');
  }
  return {
    key,
    path,
    profileName: override.profile_name ?? defaults.profileName,
    seconds,
    delta,
    keepSampleTypes: override.keep_sample_types ?? defaults.keepSampleTypes,
  };
}
