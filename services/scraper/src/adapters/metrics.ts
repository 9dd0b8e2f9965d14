import type { ProfileToScrape } from '@everflame/contract';
import { Counter, createMetrics, Gauge, Histogram, type Registry } from '@everflame/service-kit';
import type { ScrapeObserver } from '../application/ports.ts';
import type { Target } from '../application/target.ts';

const SCRAPE = ['pool', 'profile'] as const;

/** Metrics of the scraper. */
export class ScraperMetrics implements ScrapeObserver {
  readonly registry: Registry = createMetrics('everflame-scraper');
  readonly #registers = [this.registry];
  readonly #scrapes = new Counter({
    name: 'everflame_scraper_scrapes_total',
    help: 'Scrapes of one profile of one target by outcome: ok, overlap (the one before was still running), or the code of the failure.',
    labelNames: [...SCRAPE, 'outcome'],
    registers: this.#registers,
  });
  readonly #seconds = new Histogram({
    name: 'everflame_scraper_scrape_duration_seconds',
    help: 'From the request to the acknowledgement by ingest, the length of a recording included.',
    labelNames: SCRAPE,
    buckets: [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30, 60, 120],
    registers: this.#registers,
  });
  readonly #bodyBytes = new Counter({
    name: 'everflame_scraper_body_bytes_total',
    help: 'Bytes of the answers of targets.',
    labelNames: SCRAPE,
    registers: this.#registers,
  });
  readonly #pushes = new Counter({
    name: 'everflame_scraper_pushes_total',
    help: 'Attempts to push a profile to ingest by outcome: accepted, or the code of the refusal.',
    labelNames: ['outcome'],
    registers: this.#registers,
  });
  readonly #deltaResets = new Counter({
    name: 'everflame_scraper_delta_resets_total',
    help: 'Cumulative profiles that went back, as after a restart of the target: the next one is a new baseline.',
    labelNames: SCRAPE,
    registers: this.#registers,
  });
  readonly #deltaState = new Gauge({
    name: 'everflame_scraper_delta_state_bytes',
    help: 'Memory that remembers the last cumulative profiles, estimated.',
    registers: this.#registers,
  });
  readonly targets = new Gauge({
    name: 'everflame_scraper_targets',
    help: 'Targets of the configuration.',
    registers: this.#registers,
  });

  scraped(target: Target, profile: ProfileToScrape, outcome: string, durationMs: number): void {
    this.#scrapes.inc({ pool: target.pool, profile: profile.key, outcome });
    if (outcome !== 'overlap') {
      this.#seconds.observe({ pool: target.pool, profile: profile.key }, durationMs / 1000);
    }
  }

  received(target: Target, profile: ProfileToScrape, bodyBytes: number): void {
    this.#bodyBytes.inc({ pool: target.pool, profile: profile.key }, bodyBytes);
  }

  pushed(outcome: string): void {
    this.#pushes.inc({ outcome });
  }

  deltaReset(target: Target, profile: ProfileToScrape): void {
    this.#deltaResets.inc({ pool: target.pool, profile: profile.key });
  }

  deltaStateBytes(bytes: number): void {
    this.#deltaState.set(bytes);
  }
}
