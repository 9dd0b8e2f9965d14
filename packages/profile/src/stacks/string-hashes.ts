import { boundedEnd, grown } from '@everflame/bytes';
import { Hasher64, type Hash64 } from '../hash64.ts';
import type { StringTable } from '../formats/profile-columns.ts';

/** Hashes of the strings of a profile, each taken once, from the bytes. Pooled: valid until the next `reset`. */
export class StringHashes {
  lo = new Int32Array(1024);
  hi = new Int32Array(1024);
  #generation = 0;
  #seen = new Uint32Array(1024);
  #strings: StringTable | undefined;
  /** Of the bytes of the strings. */
  #view: DataView = new DataView(new ArrayBuffer(0));
  #salt: Hash64 = { lo: 0, hi: 0 };
  #maxBytes = 0;
  readonly #hasher = new Hasher64();

  reset(strings: StringTable, salt: Hash64, maxBytes: number): void {
    const { bytes } = strings;
    this.#strings = strings;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#salt = salt;
    this.#maxBytes = maxBytes;
    if (this.lo.length < strings.count) {
      this.lo = grown(this.lo, strings.count);
      this.hi = grown(this.hi, strings.count);
      this.#seen = grown(this.#seen, strings.count);
    }
    if (++this.#generation === 0x1_0000_0000) {
      this.#seen.fill(0);
      this.#generation = 1;
    }
  }

  /** Makes `lo[index]` and `hi[index]` hold the hash of string `index`, which must be in the table. */
  add(index: number): void {
    const strings = this.#strings;
    if (this.#seen[index] === this.#generation || strings === undefined) return;
    const { bytes } = strings;
    const start = strings.start[index] as number;
    const end = boundedEnd(bytes, start, strings.end[index] as number, this.#maxBytes);
    const hasher = this.#hasher.start(this.#salt).addView(this.#view, start, end).finish();
    this.lo[index] = hasher.lo;
    this.hi[index] = hasher.hi;
    this.#seen[index] = this.#generation;
  }
}
