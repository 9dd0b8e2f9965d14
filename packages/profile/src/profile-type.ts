import { InvalidSelectorError } from './errors.ts';

/**
 * How values of a profile type add up.
 * - `interval`: what happened in a span of time; summed over time.
 * - `gauge`: a level at one moment; averaged over the profiles of a series, then summed over series.
 * - `cumulative`: a counter since process start; turned into `interval` by a delta before it is stored.
 *   One that is stored all the same is averaged like a gauge, never summed.
 */
export type ProfileKind = 'interval' | 'gauge' | 'cumulative';

export const PROFILE_KINDS: readonly ProfileKind[] = ['interval', 'gauge', 'cumulative'];

/** One value column of one pprof file, such as `inuse_space` in `bytes`. */
export interface SampleType {
  readonly type: string;
  readonly unit: string;
}

/** What was measured: `name:sample_type:sample_unit:period_type:period_unit`. */
export interface ProfileType {
  readonly id: string;
  /** Profile name: `process_cpu`, `memory`, `block`, `mutex`, `goroutines`, … */
  readonly name: string;
  readonly sampleType: string;
  readonly sampleUnit: string;
  readonly periodType: string;
  readonly periodUnit: string;
}

const PART = /^[A-Za-z0-9_.\-/ ]*$/;

/** Builds a profile type from its parts; `:` and control characters in a part become `_`. */
export function profileTypeOf(name: string, sample: SampleType, period: SampleType): ProfileType {
  const parts = [name, sample.type, sample.unit, period.type, period.unit].map(cleanPart);
  return fromParts(parts);
}

/** Parses the five-part id. Throws `InvalidSelectorError` when it is not one. */
export function parseProfileType(id: string): ProfileType {
  const parts = id.split(':');
  if (parts.length !== 5 || parts.some((part) => !PART.test(part)) || parts[0] === '' || parts[1] === '') {
    throw new InvalidSelectorError(
      `"${id.slice(0, 200)}" is not a profile type.`,
      'A profile type has five parts: name:sample_type:sample_unit:period_type:period_unit. GET /api/v1/profile-types lists them.',
    );
  }
  return fromParts(parts);
}

function fromParts(parts: readonly string[]): ProfileType {
  const [name = '', sampleType = '', sampleUnit = '', periodType = '', periodUnit = ''] = parts;
  return { id: parts.join(':'), name, sampleType, sampleUnit, periodType, periodUnit };
}

function cleanPart(part: string): string {
  return PART.test(part) ? part : part.replace(/[^A-Za-z0-9_.\-/ ]/g, '_');
}

const GAUGE_SAMPLE_TYPES = new Set([
  'inuse_space',
  'inuse_objects',
  'goroutine',
  'goroutines',
  'threadcreate',
  'goroutineleak',
  'live',
  'objects',
  'space',
]);
const CUMULATIVE_SAMPLE_TYPES = new Set(['alloc_space', 'alloc_objects']);
const CUMULATIVE_NAMES = new Set(['block', 'mutex']);

/**
 * The kind of a sample type as a runtime hands it out, before any delta: Go's `alloc_*`, `block` and `mutex`
 * count since process start, `inuse_*`, goroutines and threads are levels, everything else is an interval.
 * A profile with a duration already covers an interval, so what would be cumulative is an interval there.
 */
export function profileKindOf(name: string, sampleType: string, hasDuration = false): ProfileKind {
  if (GAUGE_SAMPLE_TYPES.has(sampleType)) return 'gauge';
  const isCumulative = CUMULATIVE_SAMPLE_TYPES.has(sampleType) || CUMULATIVE_NAMES.has(name);
  return isCumulative && !hasDuration ? 'cumulative' : 'interval';
}

/**
 * Guesses the profile name from the sample types of a pprof file, for pushers that do not state it.
 * Block and mutex profiles look alike (`contentions`, `delay`), so both are `block` unless the pusher says.
 */
export function guessProfileName(sampleTypes: readonly SampleType[], periodType: string): string {
  const types = new Set(sampleTypes.map((sampleType) => sampleType.type));
  const has = (type: string): boolean => types.has(type);
  if (has('cpu') && !has('wall')) return 'process_cpu';
  if (has('wall')) return 'wall';
  if (has('inuse_space') || has('alloc_space') || has('inuse_objects') || has('alloc_objects'))
    return 'memory';
  if (has('contentions') || has('delay')) return 'block';
  if (has('goroutine')) return 'goroutines';
  if (has('samples') && periodType === 'cpu') return 'process_cpu';
  return sampleTypes.at(-1)?.type.replace(/[^A-Za-z0-9_]/g, '_') || 'profile';
}
