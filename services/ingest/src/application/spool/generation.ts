import { UnavailableError } from '@everflame/profile';

/** The record may rely on dictionary rows that were lost after it was made. */
export class DictionaryLostError extends UnavailableError {
  constructor() {
    super('dictionary_lost', 'Rows that this profile relies on were lost before it was stored.', {
      hint: 'Send the profile again.',
    });
  }
}

/** Counts how often dictionary rows have to be written again. Records of one generation may rely on each other's. */
export class Generation {
  #current = 0;
  /** Records of older ones may rely on one that was never acknowledged. */
  #oldest = 0;

  get current(): number {
    return this.#current;
  }

  /** A record of `generation` was not made durable; those that may rely on it are refused from now on. */
  lose(generation = this.#current): void {
    this.#oldest = Math.max(this.#oldest, generation + 1);
    this.#current = Math.max(this.#current, this.#oldest);
  }

  /** Whether a record of `generation` may rely on one that was lost. */
  isLost(generation: number): boolean {
    return generation < this.#oldest;
  }

  /**
   * Dictionary rows that were acknowledged turned out to be unusable. Records that rely on them are on disk already, so
   * none is refused for it; what is made from now on carries the rows again, also for those.
   */
  renew(): void {
    this.#current += 1;
  }
}
