import { gunzipBounded, gzipFast, isGzip } from '@everflame/service-kit';
import type { ProfilePush, ScrapeObserver } from './ports.ts';
import type { ProfileToScrape } from './scrape-profile.ts';
import type { Target } from './targets.ts';

type Prepared = Pick<ProfilePush, 'pprof' | 'kinds' | 'timeMs' | 'durationMs'>;

export class ProfilePreparer {
  readonly #max: number;
  constructor(max: number, _observer: ScrapeObserver) {
    this.#max = max;
  }
  prepare(_target: Target, profile: ProfileToScrape, body: Uint8Array, at: number): Prepared | undefined {
    gunzipBounded(body, this.#max);
    return {
      pprof: isGzip(body) ? body : gzipFast(body),
      kinds: [],
      timeMs: at,
      durationMs: (profile.seconds ?? 0) * 1000,
    };
  }
  forget(_target: Target): void {}
}
