import { DomainError, IdTable } from '@everflame/profile';
import { StackCache } from './stack-cache.ts';
import type { StackDictionary, StackScope } from './stack-dictionary.ts';

/** Stacks of one answer: an index into the cache for each id that was asked for. */
export interface ResolvedStacks {
  readonly cache: StackCache;
  readonly stacks: Uint32Array;
}

/** Ids that are looked up before what they need in memory is added to the cache. */
const IDS_PER_LOAD = 100_000;

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
  private readonly tenants = new Map<string, Generations>();
  private readonly dictionary: StackDictionary;
  private readonly maxBytes: number;

  constructor(dictionary: StackDictionary, maxBytes: number) {
    this.dictionary = dictionary;
    this.maxBytes = maxBytes;
  }

  /** Memory held by all caches, in bytes. */
  get bytes(): number {
    let bytes = 0;
    for (const { young, old } of this.tenants.values()) bytes += young.bytes + (old?.bytes ?? 0);
    return bytes;
  }

  /**
   * `services` are those whose profiles have the stacks, if known. Throws `stack_unresolved` when storage does not know
   * a stack: an answer without it would be wrong.
   */
  async resolve(
    tenant: string,
    idLo: Uint32Array,
    idHi: Uint32Array,
    services?: readonly string[],
  ): Promise<ResolvedStacks> {
    const { young: cache, old } = this.generationsOf(tenant);
    await this.loadMissing(cache, { tenant, services }, missingIds(cache, old, idLo, idHi));
    const stacks = new Uint32Array(idLo.length);
    for (let i = 0; i < idLo.length; i++) {
      const stack = cache.findStack(idLo[i] ?? 0, idHi[i] ?? 0);
      if (stack === -1) throw unresolved();
      stacks[i] = stack;
    }
    this.evict(tenant);
    return { cache, stacks };
  }

  private generationsOf(tenant: string): Generations {
    const generations = this.tenants.get(tenant) ?? { young: new StackCache(), old: undefined };
    this.tenants.delete(tenant);
    this.tenants.set(tenant, generations);
    return generations;
  }

  private async loadMissing(cache: StackCache, scope: StackScope, missing: IdTable): Promise<void> {
    for (let begin = 0; begin < missing.size; begin += IDS_PER_LOAD) {
      const end = Math.min(missing.size, begin + IDS_PER_LOAD);
      const rows = await this.dictionary.loadStacks(scope, ...idsOf(missing, begin, end));
      const frames = new IdTable();
      for (let i = 0; i < rows.frameIdLo.length; i++) {
        const lo = rows.frameIdLo[i] ?? 0;
        const hi = rows.frameIdHi[i] ?? 0;
        if (!cache.hasFrame(lo, hi)) frames.add(lo, hi);
      }
      if (frames.size > 0) {
        cache.addFrames(await this.dictionary.loadFrames(scope.tenant, ...idsOf(frames, 0, frames.size)));
      }
      cache.addStacks(rows);
    }
  }

  private evict(tenant: string): void {
    const generations = this.tenants.get(tenant);
    if (generations !== undefined && generations.young.bytes > this.maxBytes / 2) {
      generations.old = generations.young;
      generations.young = new StackCache();
    }
    if (this.bytes <= this.maxBytes) return;
    for (const [other, each] of this.tenants) {
      each.old = undefined;
      if (other !== tenant) this.tenants.delete(other);
      if (this.bytes <= this.maxBytes) return;
    }
  }
}

function unresolved(): DomainError {
  return new DomainError(
    'unavailable',
    'stack_unresolved',
    'Some stacks of this range cannot be resolved yet.',
    { hint: 'Try again in a moment; if it stays, the dictionary rows of this range are lost.' },
  );
}

/** Ids that neither generation has; what the old one has moves to the young one. */
function missingIds(
  young: StackCache,
  old: StackCache | undefined,
  idLo: Uint32Array,
  idHi: Uint32Array,
): IdTable {
  const missing = new IdTable(0);
  for (let i = 0; i < idLo.length; i++) {
    const lo = idLo[i] ?? 0;
    const hi = idHi[i] ?? 0;
    if (young.findStack(lo, hi) !== -1) continue;
    const known = old?.findStack(lo, hi) ?? -1;
    if (old === undefined || known === -1) missing.add(lo, hi);
    else young.adoptStack(old, known);
  }
  return missing;
}

function idsOf(table: IdTable, begin: number, end: number): [lo: Uint32Array, hi: Uint32Array] {
  const lo = new Uint32Array(end - begin);
  const hi = new Uint32Array(end - begin);
  for (let i = begin; i < end; i++) {
    lo[i - begin] = table.lo(i);
    hi[i - begin] = table.hi(i);
  }
  return [lo, hi];
}
