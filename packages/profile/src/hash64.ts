/** A 64-bit hash as two unsigned 32-bit halves; never a BigInt, so that it stays out of the heap on hot paths. */
export interface Hash64 {
  readonly lo: number;
  readonly hi: number;
}
