import type { Logger } from '@everflame/service-kit';
import type { TargetOwnership } from './ports.ts';
import type { TargetScraper } from './scrape-target.ts';
import { Slots } from './slots.ts';
import type { TargetSet } from './target-set.ts';

/** What a `ScrapeDispatcher` works with. */
export interface ScrapeDispatcherParts {
  readonly targets: TargetSet;
  readonly ownership: TargetOwnership;
  readonly scraper: Pick<TargetScraper, 'scrape' | 'forgetDeltas'>;
  readonly concurrency: number;
  readonly logger: Logger;
}

/** Brings due targets to the scraper that owns them; at most `concurrency` are scraped at once. */
export class ScrapeDispatcher {
  readonly #parts: ScrapeDispatcherParts;
  readonly #slots: Slots;
  readonly #handedOver = new Set<Promise<void>>();

  constructor(parts: ScrapeDispatcherParts) {
    this.#parts = parts;
    this.#slots = new Slots(parts.concurrency);
  }

  /** A target is due: scrapes it here, or hands it to the scraper that owns it. */
  async onDue(targetId: string): Promise<void> {
    if (await this.#isKnown(this.#parts.ownership.handOver(targetId))) return;
    await this.#scrape(targetId);
  }

  /** Another scraper found that a target of this one is due. */
  onHandedOver(targetId: string): void {
    const scrape = this.#scrape(targetId).finally(() => this.#handedOver.delete(scrape));
    this.#handedOver.add(scrape);
  }

  /** Resolves when nothing that was handed over is being scraped any more. */
  async drain(): Promise<void> {
    await Promise.all(this.#handedOver);
  }

  async #scrape(targetId: string): Promise<void> {
    const target = this.#parts.targets.get(targetId);
    // Another scraper has a configuration with more targets, for as long as an upgrade takes.
    if (target === undefined) return;
    await this.#slots.run(async () => {
      // When it cannot be known who scraped last, a delta could count twice what another scraper counted.
      if (!(await this.#isKnown(this.#parts.ownership.claim(target))))
        this.#parts.scraper.forgetDeltas(target);
      await this.#parts.scraper.scrape(target);
    });
  }

  /** False also while Redis cannot tell. */
  async #isKnown(answer: Promise<boolean>): Promise<boolean> {
    try {
      return await answer;
    } catch (error) {
      this.#parts.logger.debug({ err: error }, 'owner unknown');
      return false;
    }
  }
}
