import { UnavailableError } from '@everflame/profile';

/** The record may rely on dictionary rows that were lost after it was made. */
export class DictionaryLostError extends UnavailableError {
  constructor() {
    super('dictionary_lost', 'Rows that this profile relies on were lost before it was stored.', {
      hint: 'Send the profile again.',
    });
  }
}

/** Counts how often dictionary rows were lost. Records of one generation may rely on each other's. */
export class Generation {
  #current = 0;

  get current(): number {
    return this.#current;
  }

  /** A record of `generation` was lost; those that may rely on it are refused from now on. */
  lose(generation = this.#current): void {
    if (generation === this.#current) this.#current += 1;
  }
}
