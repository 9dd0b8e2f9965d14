import { PairTable } from '@everflame/bytes';
import type { LoadedStacks } from '@everflame/storage';
import type { CacheObserver } from '../cache/cached-answers.ts';
import { type FrameRows, StackCache } from './stack-cache.ts';

/** Whose stacks are looked up. */
export interface StackOwner {
  readonly tenant: string;
  /** Services that have the stacks, if known: it spares looking under all others. */
  readonly services?: readonly string[] | undefined;
}

/** Looks stacks and frames up by id. */
export interface StackDictionary {
  loadStacks(owner: StackOwner, idLo: Uint32Array, idHi: Uint32Array): Promise<LoadedStacks>;
  loadFrames(tenant: string, idLo: Uint32Array, idHi: Uint32Array): Promise<FrameRows>;
}

/** Stacks of one answer: an index into the cache for each id that was asked for. */
export interface ResolvedStacks {
  readonly cache: StackCache;
  readonly stacks: Uint32Array;
}

interface StackObserver extends CacheObserver {
  /** Told how many stacks of an answer are not resolved, or not whole. */
  unresolved(stacks: number): void;
}

/** Ids that are looked up before what they need in memory is added to the cache. */
const IDS_PER_LOAD = 100_000;

/** How long storage is not asked again for a stack that it does not know, or not whole. */
export const UNRESOLVED_RETRY_MS = 5000;

/** What is in use, and what was in use before that; stacks that are asked for again move from `old` to `young`. */
interface Generations {
  young: StackCache;
  old: StackCache | undefined;
}

/**
 * Resolves stack ids to frames through a cache per tenant; together the caches keep to a budget in bytes. Stack ids are
 * hashes of the frames, salted per tenant, so a stack that several services have is one entry.
 *
 * Eviction is by use in two generations: a cache that has grown to half of the budget becomes the old one, a new one
 * starts, and what nobody asked for until the next change goes with the old one. An answer keeps the cache that it was
 * resolved with, which stays as it is whatever is evicted meanwhile.
 */
export class StackResolver {
  /** Least recently used first. */
  readonly #tenants = new Map<string, Generations>();
  readonly #dictionary: StackDictionary;
  readonly #maxBytes: number;
  readonly #observer: StackObserver | undefined;
  readonly #nowMs: () => number;

  /** `nowMs` is a clock that never goes back. */
  constructor(
    dictionary: StackDictionary,
    maxBytes: number,
    observer?: StackObserver,
    nowMs = () => performance.now(),
  ) {
    this.#dictionary = dictionary;
    this.#maxBytes = maxBytes;
    this.#observer = observer;
    this.#nowMs = nowMs;
  }

  /** Memory held by all caches, in bytes. */
  get bytes(): number {
    let bytes = 0;
    for (const { young, old } of this.#tenants.values()) bytes += young.bytes + (old?.bytes ?? 0);
    return bytes;
  }

  /**
   * `services` are those whose profiles have the stacks, if known. What storage does not know of a stack is
   * `UNRESOLVED`: its value belongs to the answer all the same.
   */
  async resolve(
    tenant: string,
    idLo: Uint32Array,
    idHi: Uint32Array,
    services?: readonly string[],
  ): Promise<ResolvedStacks> {
    const { young: cache, old } = this.#generationsOf(tenant);
    const missing = missingIds({ young: cache, old, nowMs: this.#nowMs() }, idLo, idHi);
    this.#observer?.looked('stacks', 'hit', idLo.length - missing.count);
    this.#observer?.looked('stacks', 'miss', missing.count);
    await this.#loadMissing(cache, { tenant, services }, missing);
    const stacks = new Uint32Array(idLo.length);
    let unresolved = 0;
    for (let i = 0; i < idLo.length; i++) {
      const stack = cache.findStack(idLo[i] as number, idHi[i] as number);
      if (cache.isUnresolved(stack)) unresolved++;
      stacks[i] = stack;
    }
    if (unresolved > 0) this.#observer?.unresolved(unresolved);
    this.#evict(tenant);
    return { cache, stacks };
  }

  #generationsOf(tenant: string): Generations {
    const generations = this.#tenants.get(tenant) ?? { young: new StackCache(), old: undefined };
    this.#tenants.delete(tenant);
    this.#tenants.set(tenant, generations);
    return generations;
  }

  async #loadMissing(cache: StackCache, owner: StackOwner, missing: PairTable): Promise<void> {
    for (let begin = 0; begin < missing.count; begin += IDS_PER_LOAD) {
      const end = Math.min(missing.count, begin + IDS_PER_LOAD);
      const rows = await this.#dictionary.loadStacks(owner, ...idsOf(missing, begin, end));
      const frames = new PairTable();
      for (let i = 0; i < rows.frameIdLo.length; i++) {
        const lo = rows.frameIdLo[i] as number;
        const hi = rows.frameIdHi[i] as number;
        if (!cache.hasFrame(lo, hi)) frames.add(lo, hi);
      }
      if (frames.count > 0) {
        cache.addFrames(await this.#dictionary.loadFrames(owner.tenant, ...idsOf(frames, 0, frames.count)));
      }
      const nowMs = this.#nowMs();
      cache.addStacks(rows, nowMs + UNRESOLVED_RETRY_MS);
      for (let i = begin; i < end; i++) {
        const [lo, hi] = [missing.lo[i] as number, missing.hi[i] as number];
        if (!cache.hasStack(lo, hi, nowMs)) cache.addUnknownStack(lo, hi, nowMs + UNRESOLVED_RETRY_MS);
      }
    }
  }

  #evict(tenant: string): void {
    const generations = this.#tenants.get(tenant);
    if (generations !== undefined && generations.young.bytes > this.#maxBytes / 2) {
      generations.old = generations.young;
      generations.young = new StackCache();
    }
    if (this.bytes <= this.#maxBytes) return;
    for (const [other, each] of this.#tenants) {
      each.old = undefined;
      if (other !== tenant) this.#tenants.delete(other);
      if (this.bytes <= this.#maxBytes) return;
    }
  }
}

/** Ids that are to be looked for; what the old generation has moves to the young one. */
function missingIds(
  { young, old, nowMs }: Generations & { readonly nowMs: number },
  idLo: Uint32Array,
  idHi: Uint32Array,
): PairTable {
  const missing = new PairTable(0);
  for (let i = 0; i < idLo.length; i++) {
    const lo = idLo[i] as number;
    const hi = idHi[i] as number;
    if (young.hasStack(lo, hi, nowMs)) continue;
    if (young.findStack(lo, hi) === -1 && old?.hasWhole(lo, hi) === true) young.adoptStack(old, lo, hi);
    else missing.add(lo, hi);
  }
  return missing;
}

function idsOf(
  { lo, hi }: PairTable,
  begin: number,
  end: number,
): [lo: Uint32Array<ArrayBuffer>, hi: Uint32Array<ArrayBuffer>] {
  return [new Uint32Array(lo.subarray(begin, end)), new Uint32Array(hi.subarray(begin, end))];
}
