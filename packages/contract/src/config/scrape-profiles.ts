import { z } from 'zod';

/** One kind of profile to scrape. What is left out keeps the default of that name (cpu, heap, …). */
export const scrapeProfileSchema = z.strictObject({
  enabled: z.boolean().optional(),
  /** Path on the target, such as /debug/pprof/heap. */
  path: z.string().startsWith('/').max(2048).optional(),
  /** Profile name of the stored profile type, such as process_cpu or memory. */
  profile_name: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]*$/)
    .max(64)
    .optional(),
  /** Length of the recording for profiles that take time (adds ?seconds=). */
  seconds: z.number().int().min(1).max(120).optional(),
  /** Turn cumulative sample types into deltas between scrapes. */
  delta: z.boolean().optional(),
  /** Store only these sample types; all when absent. */
  keep_sample_types: z.array(z.string().max(64)).min(1).max(16).optional(),
});
export type ScrapeProfile = z.infer<typeof scrapeProfileSchema>;

/** What a scrape config says of its profiles. */
interface ConfiguredProfiles {
  readonly scrape_interval: number;
  readonly profiles: Readonly<Record<string, ScrapeProfile>>;
}

/** Takes a setting that makes no sense, by its path in the scrape config. */
type Report = (path: readonly string[], problem: string) => void;

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

type Defaults = Pick<ProfileToScrape, 'path' | 'profileName'> & Partial<ProfileToScrape>;

const MAX_RECORDING_SECONDS = 10;

/**
 * What net/http/pprof serves. heap and allocs are the same profile with four sample types; heap keeps the gauges
 * and allocs the counters, so nothing is stored twice.
 */
const GO_PROFILES: ReadonlyMap<string, Defaults> = new Map(
  Object.entries<Defaults>({
    cpu: { path: '/debug/pprof/profile', profileName: 'process_cpu' },
    heap: {
      path: '/debug/pprof/heap',
      profileName: 'memory',
      keepSampleTypes: ['inuse_objects', 'inuse_space'],
    },
    allocs: {
      path: '/debug/pprof/allocs',
      profileName: 'memory',
      delta: true,
      keepSampleTypes: ['alloc_objects', 'alloc_space'],
    },
    block: { path: '/debug/pprof/block', profileName: 'block', delta: true },
    mutex: { path: '/debug/pprof/mutex', profileName: 'mutex', delta: true },
    goroutine: { path: '/debug/pprof/goroutine', profileName: 'goroutines' },
    threadcreate: { path: '/debug/pprof/threadcreate', profileName: 'threadcreate' },
  }),
);

/** Returns the profiles that every Everflame process serves. */
export function selfProfiles(intervalMs: number): readonly ProfileToScrape[] {
  const [cpu, heap] = [profileOf('cpu', {}, intervalMs), profileOf('heap', {}, intervalMs)];
  return [cpu, { ...heap, keepSampleTypes: undefined }];
}

/**
 * Returns the profiles to scrape for a scrape config: the seven of Go, each setting overridden by `profiles.<key>`, and
 * further ones by new keys.
 */
export function profilesOf({ scrape_interval, profiles }: ConfiguredProfiles): readonly ProfileToScrape[] {
  const keys = [...new Set([...GO_PROFILES.keys(), ...Object.keys(profiles)])];
  return keys
    .filter((key) => profiles[key]?.enabled !== false)
    .map((key) => profileOf(key, profiles[key] ?? {}, scrape_interval));
}

function profileOf(key: string, override: ScrapeProfile, intervalMs: number): ProfileToScrape {
  const defaults = GO_PROFILES.get(key) ?? { path: '', profileName: key.replaceAll('-', '_') };
  const seconds = override.seconds ?? (key === 'cpu' ? recordingSeconds(intervalMs) : undefined);
  return {
    key,
    path: override.path ?? defaults.path,
    profileName: override.profile_name ?? defaults.profileName,
    seconds,
    // A target that records over `seconds` answers with the difference already.
    delta: override.delta ?? (defaults.delta === true && seconds === undefined),
    keepSampleTypes: override.keep_sample_types ?? defaults.keepSampleTypes,
  };
}

/** As long as fits into the interval with a moment to spare. */
function recordingSeconds(intervalMs: number): number {
  return Math.max(1, Math.min(MAX_RECORDING_SECONDS, Math.floor(intervalMs / 1000) - 2));
}

/** Reports what the schema cannot say of the profiles of a scrape config. */
export function reportProfileProblems(config: ConfiguredProfiles, report: Report): void {
  const profiles = profilesOf(config);
  if (profiles.length === 0) report(['profiles'], 'every profile is disabled');
  for (const { key, path, seconds, delta } of profiles) {
    const where = ['profiles', key];
    if (path === '') report(where, 'path is required, as there is no default for this name');
    if (seconds === undefined) continue;
    if (delta)
      report(where, 'delta and seconds exclude each other: the target already answers with a difference');
    // What is recorded by default fits the interval as well as it can.
    if (config.profiles[key]?.seconds !== undefined && seconds * 1000 >= config.scrape_interval) {
      report([...where, 'seconds'], `a recording of ${seconds} s must be shorter than scrape_interval`);
    }
  }
}
