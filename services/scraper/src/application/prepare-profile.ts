import type { ProfileToScrape } from '@everflame/contract';
import {
  DeltaScratch,
  DeltaTracker,
  MalformedProfileError,
  type ProfileColumns,
  ProfileDecoder,
  profileKindOf,
  selectSampleTypes,
} from '@everflame/profile';
import { gunzipBounded, gzipFast, isGzip } from '@everflame/service-kit';
import type { ProfilePush, ScrapeObserver } from './ports.ts';
import { ScrapeError } from './scrape-error.ts';
import { profileKeyOf, type Target } from './target.ts';

/** What a scraped body becomes on its way to ingest. */
export type PreparedProfile = Pick<ProfilePush, 'pprof' | 'kinds' | 'timeMs' | 'durationMs'>;

/** When a scrape began. */
export interface ScrapeStart {
  readonly unixMs: number;
  /** By a clock that is never set: how long a difference took, the clock of the machine cannot say. */
  readonly stopwatchMs: number;
}

/** A decoded profile, and which of its sample types, by index, are stored. */
interface Content {
  readonly columns: ProfileColumns;
  readonly stored: readonly number[];
  /** Of the stored ones those that count since process start. */
  readonly counters: readonly number[];
}

interface DeltaState {
  readonly tracker: DeltaTracker;
  /** Start of the last scrape, by the stopwatch. */
  startMs: number;
}

const TEXT_PROBE_BYTES = 8;

/**
 * Checks what targets answer, takes deltas of what counts since process start, and keeps the sample types that are
 * wanted. Remembers the last values of every cumulative profile.
 */
export class ProfilePreparer {
  readonly #decoder = new ProfileDecoder();
  readonly #scratch = new DeltaScratch();
  readonly #deltas = new Map<string, DeltaState>();
  readonly #maxBytes: number;
  readonly #observer: Pick<ScrapeObserver, 'deltaReset' | 'deltaStateBytes'>;
  #deltaBytes = 0;

  /** `maxBytes` bounds an uncompressed profile. */
  constructor(maxBytes: number, observer: Pick<ScrapeObserver, 'deltaReset' | 'deltaStateBytes'>) {
    this.#maxBytes = maxBytes;
    this.#observer = observer;
  }

  /**
   * Undefined when there is nothing to push: a first look at counters.
   * Throws `ScrapeError` (not_a_profile, no_sample_type), `MalformedProfileError` or `LimitExceededError`.
   */
  prepare(
    target: Target,
    profile: ProfileToScrape,
    body: Uint8Array,
    began: ScrapeStart,
  ): PreparedProfile | undefined {
    const columns = this.#decode(body);
    const stored = storedTypes(columns, profile);
    const counters = countersOf(columns, profile, stored);
    // Some runtimes answer with differences already; they say so by a duration.
    if (profile.delta && columns.durationMs === 0) {
      return this.#difference(target, profile, { columns, stored, counters }, began);
    }
    const isWhole = stored.length === columns.sampleTypes.length;
    const compressed = isGzip(body) ? body : gzipFast(body);
    const recordedMs = columns.durationMs === 0 ? (profile.seconds ?? 0) * 1000 : columns.durationMs;
    return {
      pprof: isWhole ? compressed : gzipFast(selectSampleTypes(columns, { keep: stored })),
      kinds: intervalKinds(columns, counters),
      timeMs: began.unixMs,
      durationMs: recordedMs,
    };
  }

  /** Forgets the counters of these profiles of a target; the next look at them is a first one. */
  forget(target: Target, profiles: readonly ProfileToScrape[]): void {
    for (const profile of profiles) {
      const key = profileKeyOf(target, profile);
      this.#countBytes(-(this.#deltas.get(key)?.tracker.bytes ?? 0));
      this.#deltas.delete(key);
    }
  }

  #decode(body: Uint8Array): ProfileColumns {
    const plain = gunzipBounded(body, this.#maxBytes);
    try {
      return this.#decoder.decode(plain);
    } catch (error) {
      if (!(error instanceof MalformedProfileError) || !startsAsText(plain)) throw error;
      const hint = error.hint === undefined ? {} : { hint: error.hint };
      throw new ScrapeError('not_a_profile', error.message, { ...hint, cause: error });
    }
  }

  #difference(
    target: Target,
    profile: ProfileToScrape,
    { columns, stored, counters }: Content,
    { unixMs, stopwatchMs }: ScrapeStart,
  ): PreparedProfile | undefined {
    const state = this.#stateOf(target, profile);
    const sinceMs = Math.max(1, Math.round(stopwatchMs - state.startMs));
    const bytesBefore = state.tracker.bytes;
    const result = state.tracker.apply(columns, { cumulative: counters });
    state.startMs = stopwatchMs;
    this.#countBytes(state.tracker.bytes - bytesBefore);
    if (result.kind === 'reset') this.#observer.deltaReset(target, profile);
    if (result.kind !== 'delta') {
      const gauges = stored.filter((type) => !counters.includes(type));
      if (gauges.length === 0) return undefined;
      const pprof = gzipFast(selectSampleTypes(columns, { keep: gauges }));
      return { pprof, kinds: [], timeMs: unixMs, durationMs: 0 };
    }
    const durationNanos = BigInt(sinceMs) * 1_000_000n;
    return {
      pprof: gzipFast(selectSampleTypes(columns, { keep: stored, values: result.values, durationNanos })),
      kinds: intervalKinds(columns, counters),
      timeMs: unixMs,
      durationMs: sinceMs,
    };
  }

  #stateOf(target: Target, profile: ProfileToScrape): DeltaState {
    const key = profileKeyOf(target, profile);
    const known = this.#deltas.get(key);
    if (known !== undefined) return known;
    const state = { tracker: new DeltaTracker(this.#scratch), startMs: 0 };
    this.#countBytes(state.tracker.bytes);
    this.#deltas.set(key, state);
    return state;
  }

  #countBytes(change: number): void {
    this.#deltaBytes += change;
    this.#observer.deltaStateBytes(this.#deltaBytes);
  }
}

function storedTypes(columns: ProfileColumns, { keepSampleTypes }: ProfileToScrape): readonly number[] {
  const all = columns.sampleTypes.map((_, index) => index);
  if (keepSampleTypes === undefined) return all;
  const stored = all.filter((index) => keepSampleTypes.includes(columns.sampleTypes[index]?.type ?? ''));
  if (stored.length > 0) return stored;
  const present = columns.sampleTypes.map(({ type }) => type).join(', ');
  throw new ScrapeError('no_sample_type', `The profile has ${present}, and none of them is kept.`, {
    hint: 'Set keep_sample_types of this profile in everflame.yaml to what the target serves.',
  });
}

/** Of the stored sample types those that count since process start: with `delta` on, all that are no gauges. */
function countersOf(
  { sampleTypes }: ProfileColumns,
  { profileName, delta }: ProfileToScrape,
  stored: readonly number[],
): readonly number[] {
  if (!delta) return [];
  return stored.filter((index) => profileKindOf(profileName, sampleTypes[index]?.type ?? '') !== 'gauge');
}

function intervalKinds(columns: ProfileColumns, counters: readonly number[]): PreparedProfile['kinds'] {
  return counters.map((index) => ({
    sampleType: columns.sampleTypes[index]?.type ?? '',
    kind: 'interval' as const,
  }));
}

/** pprof begins with a control character: the tag or the length of its first field. */
function startsAsText(bytes: Uint8Array): boolean {
  return bytes
    .subarray(0, TEXT_PROBE_BYTES)
    .every((byte) => (byte >= 0x20 && byte < 0x7f) || [0x09, 0x0a, 0x0d].includes(byte));
}
