import { normaliseProfile, PprofDecoder, requireInBounds, saltOf, StackFlattener } from '@everflame/profile';
// An entry of its own: with the whole package every thread would load the web framework, and its collector go through it.
import { gunzipBounded } from '@everflame/service-kit/gunzip';
import { type FlattenedProfile, Flattening, type FlattenJob, type FlattenSettings } from './flatten-job.ts';
import { admitSeries } from '../limits/admit-series.ts';
import { SeriesBudget } from '../limits/series-budget.ts';
import { DEFAULT_RETENTION, RetentionPolicy } from '../retention.ts';
import { RowAppender } from './row-appender.ts';
import { effectiveTime, statedTime } from './timestamps.ts';

/** Memory that larger profiles made grow is given back after them. */
const MAX_POOLED_BYTES = 8 * 1024 * 1024;

/**
 * What one thread does to a profile: gunzip, decode, flatten, and write the rows that storage does not have yet.
 * Keeps its memory and what it has written from profile to profile.
 */
export class ProfileFlattener {
  private decoder = new PprofDecoder();
  private flattener = new StackFlattener();
  private readonly appender: RowAppender;
  private readonly retention: RetentionPolicy;
  private readonly budget: SeriesBudget | undefined;
  private generation = 0;

  constructor({ budget, retention = DEFAULT_RETENTION }: FlattenSettings = {}) {
    this.retention = new RetentionPolicy(retention);
    this.appender = new RowAppender(this.retention);
    this.budget = budget === undefined ? undefined : new SeriesBudget(budget);
  }

  /** Throws a `DomainError` that tells the pusher why the profile is refused. */
  flatten(job: FlattenJob): FlattenedProfile {
    if (job.generation !== this.generation) {
      this.appender.forget();
      this.generation = job.generation;
    }
    const plain = gunzipBounded(job.pprof, job.limits.decompressedBytes);
    try {
      return this.flattenPlain(job, plain);
    } finally {
      if (plain.length > MAX_POOLED_BYTES) this.giveBack();
    }
  }

  private flattenPlain(job: FlattenJob, plain: Uint8Array): FlattenedProfile {
    const { limits } = job;
    const columns = this.decoder.decode(plain, limits.samples);
    normaliseProfile(columns);
    requireInBounds('durationMs', job.durationMs || columns.durationMs);
    const timeMs = effectiveTime(job.timeMs, columns.timeMs, job.nowMs, this.retention.longestDays);
    const isTimed = statedTime(job.timeMs, columns.timeMs) !== undefined;
    const knownStacks = this.appender.begin(job, timeMs, isTimed);
    const flat = this.flattener.flatten(columns, {
      salt: saltOf(job.tenant),
      limits: {
        maxSamples: limits.samples,
        maxStacks: limits.stacks,
        maxDepth: limits.depth,
        maxStringBytes: limits.stringBytes,
      },
      knownStacks,
    });
    const { foldedLabelSets } = flat;
    const admitted =
      this.budget === undefined ? { flat, foldedLabelSets } : admitSeries(flat, job, this.budget);
    const { record, accepted, untimed } = this.appender.append(admitted.flat);
    return {
      record,
      accepted,
      untimed,
      generation: job.generation,
      foldedLabelSets: admitted.foldedLabelSets,
      cutStacks: flat.cutStacks,
    };
  }

  private giveBack(): void {
    this.decoder = new PprofDecoder();
    this.flattener = new StackFlattener();
    this.appender.giveBack();
  }
}

/** Flattens on the calling thread; for running from source, where there is no compiled worker. */
export class FlattenHere extends Flattening {
  private readonly flattener: ProfileFlattener;

  constructor(settings: FlattenSettings) {
    super();
    this.flattener = new ProfileFlattener(settings);
  }

  override flatten(job: FlattenJob): Promise<FlattenedProfile> {
    return new Promise((resolve) => resolve(this.flattener.flatten(job)));
  }

  override close(): Promise<void> {
    return Promise.resolve();
  }
}
