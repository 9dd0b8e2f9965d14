import { DomainError } from '@everflame/profile';
import { StackCache } from './stack-cache.ts';
import type { StackDictionary } from './stack-dictionary.ts';
import { IdTable } from './id-table.ts';

/** Stacks of one answer: an index into the cache for each id that was asked for. */
export interface ResolvedStacks {
  readonly cache: StackCache;
  readonly stacks: Uint32Array;
}

/** Resolves stack ids to frames through a cache that is bounded in bytes and started anew when it is full. */
export class StackResolver {
  private cache = new StackCache();
  private readonly dictionary: StackDictionary;
  private readonly maxBytes: number;

  constructor(dictionary: StackDictionary, maxBytes: number) {
    this.dictionary = dictionary;
    this.maxBytes = maxBytes;
  }

  /** Throws when storage does not know a stack: an answer without it would be wrong. */
  async resolve(tenant: string, idLo: Uint32Array, idHi: Uint32Array): Promise<ResolvedStacks> {
    if (this.cache.bytes > this.maxBytes) this.cache = new StackCache();
    const cache = this.cache;
    await this.loadMissing(cache, tenant, missingIds(cache, idLo, idHi));
    const stacks = new Uint32Array(idLo.length);
    for (let i = 0; i < idLo.length; i++) {
      const stack = cache.findStack(idLo[i] ?? 0, idHi[i] ?? 0);
      if (stack === -1) {
        throw new DomainError(
          'unavailable',
          'stack_unresolved',
          'Some stacks of this range cannot be resolved yet.',
          {
            hint: 'Try again in a moment; if it stays, the dictionary rows of this range are lost.',
          },
        );
      }
      stacks[i] = stack;
    }
    return { cache, stacks };
  }

  private async loadMissing(cache: StackCache, tenant: string, missing: IdTable): Promise<void> {
    if (missing.size === 0) return;
    const rows = await this.dictionary.loadStacks(tenant, ...idsOf(missing));
    const frames = new IdTable();
    for (let i = 0; i < rows.frameIdLo.length; i++) {
      const lo = rows.frameIdLo[i] ?? 0;
      const hi = rows.frameIdHi[i] ?? 0;
      if (!cache.hasFrame(lo, hi)) frames.add(lo, hi);
    }
    if (frames.size > 0) cache.addFrames(await this.dictionary.loadFrames(tenant, ...idsOf(frames)));
    cache.addStacks(rows);
  }
}

function missingIds(cache: StackCache, idLo: Uint32Array, idHi: Uint32Array): IdTable {
  const missing = new IdTable();
  for (let i = 0; i < idLo.length; i++) {
    const lo = idLo[i] ?? 0;
    const hi = idHi[i] ?? 0;
    if (cache.findStack(lo, hi) === -1) missing.add(lo, hi);
  }
  return missing;
}

function idsOf(table: IdTable): [lo: Uint32Array, hi: Uint32Array] {
  const lo = new Uint32Array(table.size);
  const hi = new Uint32Array(table.size);
  for (let i = 0; i < table.size; i++) {
    lo[i] = table.lo(i);
    hi[i] = table.hi(i);
  }
  return [lo, hi];
}
