import { LimitExceededError, validateLabels } from '@everflame/profile';
import type { IncomingProfile } from '../incoming-profile.ts';
import type { IngestLimits } from './limit-settings.ts';
import { RateLimits } from './rate-limits.ts';

/** Decides what can be decided about a profile before any work is done on it. */
export class Admission {
  readonly #limits: IngestLimits;
  readonly #rates: RateLimits;

  constructor(limits: IngestLimits) {
    this.#limits = limits;
    this.#rates = new RateLimits(limits.rateBytes, limits.burstBytes);
  }

  /**
   * Throws `LimitExceededError` (labels, their lengths, `limit_compressed_bytes`), `InvalidArgumentError`
   * (`invalid_label`) or `RateLimitedError` (`limit_rate_bytes`). `sendsMost` where others sent less lately.
   */
  admit(tenant: string, { labels, pprof }: IncomingProfile, nowMs: number, sendsMost: boolean): void {
    const limits = this.#limits;
    if (pprof.length > limits.compressedBytes) {
      throw new LimitExceededError('compressed_bytes', limits.compressedBytes, pprof.length);
    }
    validateLabels(labels, {
      maxLabels: limits.labels,
      maxNameLength: limits.labelNameLength,
      maxValueLength: limits.labelValueLength,
    });
    this.#rates.admit(tenant, pprof.length, nowMs, sendsMost);
  }
}
