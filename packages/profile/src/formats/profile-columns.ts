import { boundedEnd, decodeUtf8 } from '@everflame/bytes';
import type { SampleType } from '../profile-type.ts';

/** The strings of a profile as byte ranges; text is made only when it is asked for. */
export class StringTable {
  bytes: Uint8Array = new Uint8Array(0);
  count = 0;
  start = new Uint32Array(1024);
  end = new Uint32Array(1024);

  /** String `index`, lossily decoded and cut at `maxBytes`; empty when the table has no such string. */
  get(index: number, maxBytes = 65_535): string {
    const start = this.start[index];
    if (index >= this.count || start === undefined) return '';
    return decodeUtf8(this.bytes, start, boundedEnd(this.bytes, start, this.end[index] as number, maxBytes));
  }

  isEmpty(index: number): boolean {
    return this.start[index] === this.end[index];
  }
}

const NO_TYPE: SampleType = { type: '', unit: '' };

/**
 * A decoded profile as parallel arrays. The arrays are pooled: longer than their `…Count`, read-only to everyone but
 * the decoder, and valid until the decoder's next `decode`. `…Start` arrays have one more entry than their table has
 * rows; row `i` owns the range `[start[i], start[i + 1])`. Strings are indexes into `strings`. 64-bit numbers are split
 * into `…Lo` and `…Hi`. References are resolved to indexes, not ids; where one may be absent it is index + 1 and 0 is none.
 */
export class ProfileColumns {
  readonly strings = new StringTable();
  sampleTypes: readonly SampleType[] = [];
  periodType: SampleType = NO_TYPE;
  period = 0;
  /** As written: nanoseconds since 1970 and nanoseconds, or whatever the producer took them for. */
  timeNanos = 0n;
  durationNanos = 0n;
  /** Milliseconds since 1970; 0 when missing or before the year 2000. */
  timeMs = 0;
  /** Milliseconds, at least 1 when there is a duration; 0 when missing. */
  durationMs = 0;
  defaultSampleType = '';
  dropFrames = '';
  keepFrames = '';

  sampleCount = 0;
  /** Range of `sampleLocations` per sample. */
  sampleStart = new Uint32Array(1024);
  /** Location indexes, leaf first. */
  sampleLocations = new Uint32Array(8192);
  /** `values[sample * sampleTypes.length + type]`, integers within ±(2^53 − 1). */
  values = new Float64Array(2048);
  /** How many of the labels of samples are strings. */
  stringLabelCount = 0;
  /** Range of the `label…` arrays per sample. */
  labelStart = new Uint32Array(1024);
  labelKey = new Uint32Array(256);
  /** The value of a string label; 0 for a numeric label. */
  labelString = new Uint32Array(256);
  labelNumber = new Float64Array(256);
  labelUnit = new Uint32Array(256);

  locationCount = 0;
  /** Mapping index + 1, 0 when the location has none. */
  locationMapping = new Uint32Array(1024);
  locationAddressLo = new Uint32Array(1024);
  locationAddressHi = new Uint32Array(1024);
  locationFolded = new Uint8Array(1024);
  /** Range of the `line…` arrays per location, innermost inlined function first. */
  lineStart = new Uint32Array(1024);
  /** Function index + 1, 0 when the line names none. */
  lineFunction = new Uint32Array(1024);
  lineNumber = new Uint32Array(1024);

  functionCount = 0;
  functionName = new Uint32Array(512);
  functionSystemName = new Uint32Array(512);
  functionFile = new Uint32Array(512);
  functionStartLine = new Uint32Array(512);

  mappings: readonly ProfileMapping[] = [];
}

/** Where a binary is mapped in the address space of the profiled process; `file` and `buildId` index `strings`. */
export type ProfileMapping = Readonly<typeof NO_MAPPING>;

export const NO_MAPPING = {
  startLo: 0,
  startHi: 0,
  limitLo: 0,
  limitHi: 0,
  offsetLo: 0,
  offsetHi: 0,
  file: 0,
  buildId: 0,
  hasFunctions: false,
  hasFilenames: false,
  hasLineNumbers: false,
  hasInlineFrames: false,
};
