import {
  normaliseProfile,
  ProfileDecoder,
  requireInBounds,
  saltOf,
  StackFlattener,
} from '@everflame/profile';
// An entry of its own: with the whole package every thread would load the web framework, and its collector go through it.
import { gunzipBounded } from '@everflame/service-kit/gunzip';
import { limitsFor, limitsOf, type LimitsOf } from '../limits/limit-settings.ts';
import { SeriesBudget } from '../limits/series-budget.ts';
import { DEFAULT_RETENTION, RetentionPolicy, type RetentionRules } from '../retention.ts';
import type { FlattenedProfile, FlattenJob, FlattenSettings } from './flatten-job.ts';
import { currentProfile, seriesOfProfile } from './profile-series.ts';
import { RowAppender } from './row-appender.ts';
import { effectiveTime, statedTime } from './timestamps.ts';

/** Memory that larger profiles made grow is given back after them. */
const MAX_POOLED_BYTES = 8 * 1024 * 1024;

/**
 * What one thread does to a profile: gunzip, decode, flatten, and write the rows that storage does not have yet.
 * Keeps its memory and what it has written from profile to profile.
 */
export class ProfileFlattener {
  #decoder = new ProfileDecoder();
  #flattener = new StackFlattener();
  readonly #limits: LimitsOf<'flatten'>;
  readonly #appender: RowAppender;
  readonly #retention: RetentionPolicy;
  readonly #budget: SeriesBudget | undefined;
  #generation = 0;

  constructor({ limits, budget, retention = DEFAULT_RETENTION }: FlattenSettings = {}) {
    this.#limits = limits ?? limitsFor('flatten', limitsOf());
    this.#retention = new RetentionPolicy(retention);
    this.#appender = new RowAppender(this.#retention);
    this.#budget = budget === undefined ? undefined : new SeriesBudget(budget);
  }

  /** Keeps what is flattened from now on for as long as these rules say. */
  useRetention(rules: RetentionRules): void {
    this.#retention.use(rules);
  }

  /** Throws a `DomainError` that tells the pusher why the profile is refused. */
  flatten(job: FlattenJob): FlattenedProfile {
    if (job.generation !== this.#generation) {
      this.#appender.forget();
      this.#generation = job.generation;
    }
    const plain = gunzipBounded(job.pprof, this.#limits.decompressedBytes);
    try {
      return this.#flattenPlain(job, plain);
    } finally {
      if (plain.length > MAX_POOLED_BYTES) this.#giveBack();
    }
  }

  #flattenPlain(job: FlattenJob, plain: Uint8Array): FlattenedProfile {
    const limits = this.#limits;
    const columns = this.#decoder.decode(plain, limits.samples);
    normaliseProfile(columns);
    requireInBounds('durationMs', job.durationMs || columns.durationMs);
    const timeMs = effectiveTime(job.timeMs, columns.timeMs, job.nowMs, this.#retention.longestDays);
    const isTimed = statedTime(job.timeMs, columns.timeMs) !== undefined;
    const current = currentProfile(job, timeMs, isTimed);
    const flat = this.#flattener.flatten(columns, {
      salt: saltOf(job.tenant),
      limits,
      knownStacks: this.#appender.knownStacks(current),
    });
    const series = seriesOfProfile(flat, current, this.#budget);
    const { record, accepted, untimed } = this.#appender.append(current, flat, series);
    const { generation } = job;
    const { mergedLabelSets } = series;
    return { record, accepted, untimed, generation, mergedLabelSets, cutStacks: flat.cutStacks };
  }

  #giveBack(): void {
    this.#decoder = new ProfileDecoder();
    this.#flattener = new StackFlattener();
    this.#appender.giveBack();
  }
}
