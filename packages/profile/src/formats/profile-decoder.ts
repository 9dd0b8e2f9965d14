import { type FormatDecoder, recogniseFormat } from './formats.ts';
import type { ProfileColumns } from './profile-columns.ts';

/**
 * Decodes profiles of all formats that are read. Reuses its memory: keep one per thread, and be done with a result before
 * the next `decode`.
 */
export class ProfileDecoder {
  /** By what makes them; a thread has those of the formats that it met. */
  readonly #decoders = new Map<() => FormatDecoder, FormatDecoder>();

  /**
   * Decodes an uncompressed profile; the result shares `bytes` for its strings. Throws `MalformedProfileError`, which says
   * what was received where that is recognised, or `LimitExceededError` for more than `maxSamples` samples or more rows of
   * a table than `TABLE_LIMITS` says.
   */
  decode(bytes: Uint8Array, maxSamples = Infinity): ProfileColumns {
    const makeDecoder = recogniseFormat(bytes);
    const decoder = this.#decoders.get(makeDecoder) ?? makeDecoder();
    this.#decoders.set(makeDecoder, decoder);
    return decoder.decode(bytes, maxSamples);
  }
}
