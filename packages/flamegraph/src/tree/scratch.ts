/** Memory that is kept from one computation to the next; what does not fit is allocated and given back. */
const MAX_KEPT_BYTES = 64 * 1024 * 1024;
const ALIGNMENT = 8;

/** A place for an array, all zeros. */
interface Place {
  readonly buffer: ArrayBuffer;
  readonly offset: number;
}

/**
 * Arrays for intermediate results, all zeros, valid while the `withScratch` that hands them out runs. Fresh arrays for
 * every tree would cost as much in garbage collection as the tree itself.
 */
class Scratch {
  #kept = new ArrayBuffer(0);
  #used = 0;
  /** Most bytes that were in use at a time, whether they fitted or not. */
  #peak = 0;

  uint8(length: number): Uint8Array<ArrayBuffer> {
    const { buffer, offset } = this.#place(length);
    return new Uint8Array(buffer, offset, length);
  }

  uint32(length: number): Uint32Array<ArrayBuffer> {
    const { buffer, offset } = this.#place(length * 4);
    return new Uint32Array(buffer, offset, length);
  }

  int32(length: number): Int32Array<ArrayBuffer> {
    const { buffer, offset } = this.#place(length * 4);
    return new Int32Array(buffer, offset, length);
  }

  float64(length: number): Float64Array<ArrayBuffer> {
    const { buffer, offset } = this.#place(length * 8);
    return new Float64Array(buffer, offset, length);
  }

  run<T>(use: (scratch: Scratch) => T): T {
    const before = this.#used;
    try {
      return use(this);
    } finally {
      this.#used = before;
      if (before === 0) this.#fit();
    }
  }

  #place(length: number): Place {
    const offset = this.#used;
    const bytes = Math.ceil(length / ALIGNMENT) * ALIGNMENT;
    this.#used += bytes;
    this.#peak = Math.max(this.#peak, this.#used);
    if (this.#used > this.#kept.byteLength) return { buffer: new ArrayBuffer(bytes), offset: 0 };
    new Uint8Array(this.#kept, offset, bytes).fill(0);
    return { buffer: this.#kept, offset };
  }

  /** Makes room for what was asked for, between computations. */
  #fit(): void {
    const bytes = Math.min(this.#peak, MAX_KEPT_BYTES);
    // Half as much again, so that answers that grow do not move it each time.
    if (bytes > this.#kept.byteLength) this.#kept = new ArrayBuffer(Math.min(bytes * 1.5, MAX_KEPT_BYTES));
    this.#peak = 0;
  }
}

export type { Scratch };

const shared = new Scratch();

/** Runs a computation that needs arrays for its time only. What it returns must not hold any of them. */
export function withScratch<T>(use: (scratch: Scratch) => T): T {
  return shared.run(use);
}
