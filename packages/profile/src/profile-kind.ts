import type { SampleType } from './profile-type.ts';

/**
 * How values of a profile type add up.
 * - `interval`: what happened in a span of time; summed over time.
 * - `gauge`: a level at one moment; averaged over the profiles of a series, then summed over series.
 * - `cumulative`: a counter since process start; turned into `interval` by a delta before it is stored.
 *   One that is stored all the same is averaged like a gauge, never summed.
 */
export type ProfileKind = 'interval' | 'gauge' | 'cumulative';

export const PROFILE_KINDS: readonly ProfileKind[] = ['interval', 'gauge', 'cumulative'];

/**
 * Sample types that are levels, by who writes them. What is in no table is an interval: time on and off the CPU
 * (`cpu`, `itimer`, `wall`, `off_cpu`, `on_cpu`, `samples`, `cpu-time`, `wall-time`), exceptions, locks, and allocations
 * that are counted per interval (`alloc_in_new_tlab_*`, `alloc_outside_tlab_*`, `alloc-size`, `alloc-samples`).
 *
 * - Go, `runtime/pprof`: `heap` has `inuse_*`; `goroutine`, `threadcreate` and `goroutineleak` count what is there now.
 * - Node, `@datadog/pprof`: heap profiles have `inuse_objects` and `inuse_space`, older ones `objects` and `space`.
 * - gperftools, jemalloc (`jeprof`, `jemalloc_pprof`), tcmalloc: `inuse_*`, or `objects` and `space`.
 * - Java, async-profiler and what converts its recordings: `live` objects after the last collection.
 * - .NET (`dd-trace-dotnet`): `inuse-objects`, `inuse-size`, `inuse-space`.
 * - Python (`ddtrace`): `heap-space`; Ruby and PHP (`dd-trace-rb`, `dd-trace-php`): `heap-live-samples`, `heap-live-size`.
 */
const GAUGES = words(
  'inuse_space inuse_objects goroutine goroutines threadcreate threads goroutineleak',
  'objects space',
  'live live_objects live_space live_size',
  'inuse_size heap_space heap_objects heap_size heap_live_samples heap_live_size',
  'rss resident',
);

/** Counters since process start: `runtime/pprof` writes them in `heap` and `allocs`, jemalloc with `prof_accum`. */
const CUMULATIVES: ReadonlySet<string> = new Set(['alloc_space', 'alloc_objects']);

/** Counters since process start in Go's `block` and `mutex`; per interval in a Java profile, which has a duration. */
const CONTENTION_NAMES: ReadonlySet<string> = new Set(['block', 'mutex']);
const CONTENTIONS: ReadonlySet<string> = new Set(['contentions', 'delay']);

/**
 * The kind of a sample type as a runtime hands it out, before any delta. A profile with a duration already covers an
 * interval, so what would be cumulative is an interval there. `-` and `_` in sample types count as the same.
 */
export function profileKindOf(name: string, sampleType: string, hasDuration = false): ProfileKind {
  const type = sampleType.replaceAll('-', '_').toLowerCase();
  // Written with `-` it is Datadog's name for what was allocated in the interval.
  const isCumulative =
    (CUMULATIVES.has(type) && !sampleType.includes('-')) ||
    (CONTENTION_NAMES.has(name) && CONTENTIONS.has(type));
  if (isCumulative) return hasDuration ? 'interval' : 'cumulative';
  return GAUGES.has(type) ? 'gauge' : 'interval';
}

/** Profile names by sample types; the first that has one of the types counts. */
const NAMES: readonly (readonly [name: string, types: ReadonlySet<string>])[] = [
  ['wall', words('wall wall_time')],
  ['process_cpu', words('cpu itimer cpu_time on_cpu cpu_samples')],
  [
    'memory',
    words(
      'inuse_space inuse_objects inuse_size alloc_space alloc_objects alloc_size alloc_samples alloc space',
      'alloc_in_new_tlab_bytes alloc_in_new_tlab_objects alloc_outside_tlab_bytes alloc_outside_tlab_objects',
      'live live_objects heap_space heap_size heap_live_size heap_live_samples',
    ),
  ],
  ['block', words('contentions delay')],
  ['mutex', words('lock lock_count lock_time lock_acquire lock_acquire_wait lock_release')],
  ['exceptions', words('exception exception_samples')],
  ['off_cpu', words('off_cpu')],
  ['goroutines', words('goroutine goroutines')],
];

/**
 * Guesses the profile name from the sample types of a pprof file, for pushers that do not state it.
 * Block and mutex profiles look alike (`contentions`, `delay`), so both are `block` unless the pusher says.
 */
export function guessProfileName(sampleTypes: readonly SampleType[], periodType: string): string {
  const types = sampleTypes.map(({ type }) => type.replaceAll('-', '_').toLowerCase());
  const known = NAMES.find(([, ofName]) => types.some((type) => ofName.has(type)));
  if (known !== undefined) return known[0];
  if (types.includes('samples') && periodType === 'cpu') return 'process_cpu';
  return sampleTypes.at(-1)?.type.replace(/[^A-Za-z0-9_]/g, '_') || 'profile';
}

function words(...lines: readonly string[]): ReadonlySet<string> {
  return new Set(lines.flatMap((line) => line.split(' ')));
}
