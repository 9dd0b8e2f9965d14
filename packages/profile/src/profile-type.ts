import { InvalidSelectorError } from './errors.ts';

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
