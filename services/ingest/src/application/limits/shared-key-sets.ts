import { powerOfTwoFor } from '@everflame/bytes';
import type { Hash64 } from '@everflame/profile';

/** Memory of `SharedKeySets`; can be handed to threads. */
export type KeySetsMemory = Readonly<ReturnType<typeof keySetsMemory>>;

const HEADER_BYTES = 64;
/** Places in the header. */
const EPOCH = 0;
const MEMBERS = 1;
const SETS = 2;
/** A table that is fuller than this starts over. */
const MAX_LOAD = 0.75;
const WORD = 0xffff_ffffn;

/**
 * Room for `members` keys in up to `sets` sets; `seed` is a random number of 32 bits, unknown to senders, so that nobody can
 * choose keys that all fall into one slot.
 */
export function keySetsMemory(members: number, sets: number, seed: number) {
  // Both are powers of two.
  const memberSlots = powerOfTwoFor(members / MAX_LOAD);
  const setSlots = powerOfTwoFor(sets / MAX_LOAD);
  const shared = new SharedArrayBuffer(HEADER_BYTES + 8 * memberSlots + 12 * setSlots);
  return { shared, memberSlots, setSlots, seed };
}

/**
 * Sets of 64-bit keys with a bound on how many each may have, in memory that threads share. Fixed in size: when it is
 * full, or when the epoch (a day) changes, all sets are empty again. Threads that add at the same moment can pass a
 * bound by one key each.
 */
export class SharedKeySets {
  readonly #header: Int32Array;
  readonly #members: BigInt64Array;
  readonly #sets: BigInt64Array;
  readonly #counts: Int32Array;
  readonly #memberMask: number;
  readonly #setMask: number;
  readonly #seed: number;

  constructor({ shared, memberSlots, setSlots, seed }: KeySetsMemory) {
    this.#header = new Int32Array(shared, 0, HEADER_BYTES / 4);
    this.#members = new BigInt64Array(shared, HEADER_BYTES, memberSlots);
    this.#sets = new BigInt64Array(shared, HEADER_BYTES + 8 * memberSlots, setSlots);
    this.#counts = new Int32Array(shared, HEADER_BYTES + 8 * (memberSlots + setSlots), setSlots);
    this.#memberMask = memberSlots - 1;
    this.#setMask = setSlots - 1;
    this.#seed = seed;
  }

  /** Whether `member` is in `set`, or was added because the set has fewer than `limit` keys. */
  admit(set: Hash64, member: Hash64, limit: number, epoch: number): boolean {
    this.#enter(epoch);
    const key = keyOf({ lo: (member.lo ^ Math.imul(set.lo, 0x9e3779b1)) >>> 0, hi: member.hi ^ set.hi });
    const slot = this.#find(this.#members, this.#memberMask, key);
    if (Atomics.load(this.#members, slot) === key) return true;
    const setSlot = this.#addSet(set);
    if (Atomics.load(this.#counts, setSlot) >= limit) return false;
    if (this.#put(this.#members, this.#memberMask, key)) {
      Atomics.add(this.#counts, setSlot, 1);
      if (Atomics.add(this.#header, MEMBERS, 1) > this.#memberMask * MAX_LOAD) this.#startOver();
    }
    return true;
  }

  #addSet(set: Hash64): number {
    const key = keyOf(set);
    if (this.#put(this.#sets, this.#setMask, key)) {
      if (Atomics.add(this.#header, SETS, 1) > this.#setMask * MAX_LOAD) {
        this.#startOver();
        this.#put(this.#sets, this.#setMask, key);
      }
    }
    return this.#find(this.#sets, this.#setMask, key);
  }

  #enter(epoch: number): void {
    const known = Atomics.load(this.#header, EPOCH);
    if (known === epoch) return;
    if (Atomics.compareExchange(this.#header, EPOCH, known, epoch) === known) this.#startOver();
  }

  #startOver(): void {
    this.#members.fill(0n);
    this.#sets.fill(0n);
    this.#counts.fill(0);
    Atomics.store(this.#header, MEMBERS, 0);
    Atomics.store(this.#header, SETS, 0);
  }

  /** The slot of the key, or the free one where it belongs. */
  #find(table: BigInt64Array, mask: number, key: bigint): number {
    let slot = this.#slotOf(key) & mask;
    for (let probes = 0; probes <= mask; probes++) {
      const taken = Atomics.load(table, slot);
      if (taken === key || taken === 0n) return slot;
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  #slotOf(key: bigint): number {
    let h = Math.imul(Number(key & WORD) ^ this.#seed, 0x9e3779b1);
    h ^= h >>> 15;
    h = Math.imul(h + Number((key >> 32n) & WORD), this.#seed | 1);
    h ^= h >>> 13;
    h = Math.imul(h, 0xc2b2ae35);
    return h ^ (h >>> 16);
  }

  /** Adds the key; false when it was there, also when another thread added it meanwhile. */
  #put(table: BigInt64Array, mask: number, key: bigint): boolean {
    for (;;) {
      const slot = this.#find(table, mask, key);
      const before = Atomics.compareExchange(table, slot, 0n, key);
      if (before === 0n) return true;
      if (before === key) return false;
    }
  }
}

/** 0 stands for an empty slot. */
function keyOf({ lo, hi }: Hash64): bigint {
  const key = BigInt.asIntN(64, (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0));
  return key === 0n ? 1n : key;
}
