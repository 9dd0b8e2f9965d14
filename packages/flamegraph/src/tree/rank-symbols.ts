import type { SymbolTable } from '../symbol-table.ts';

export interface RankedSymbols {
  /** Symbol ids in order of their names. */
  readonly byRank: Uint32Array;
  /** By symbol id: its position in `byRank`. */
  readonly rank: Uint32Array;
}

const known = new WeakMap<SymbolTable, RankedSymbols>();

/**
 * Orders the symbols of a table by name (UTF-16 code units). A table only grows, so what was sorted once stays sorted:
 * later calls sort what is new and merge it in.
 */
export function rankSymbols(symbols: SymbolTable): RankedSymbols {
  const before = known.get(symbols);
  if (before?.byRank.length === symbols.size) return before;
  const byRank = mergeByName(symbols, before?.byRank ?? new Uint32Array(0));
  const rank = new Uint32Array(symbols.size);
  for (let at = 0; at < byRank.length; at++) rank[byRank[at] as number] = at;
  const ranked = { byRank, rank };
  known.set(symbols, ranked);
  return ranked;
}

/** Sorts the symbols that come after the sorted ones, and puts each where it belongs among those. */
function mergeByName(symbols: SymbolTable, sorted: Uint32Array): Uint32Array {
  const added: { id: number; name: string }[] = [];
  for (let id = sorted.length; id < symbols.size; id++) added.push({ id, name: symbols.name(id) });
  added.sort((a, b) => (a.name < b.name ? -1 : 1));
  const merged = new Uint32Array(symbols.size);
  let taken = 0;
  let into = 0;
  for (const { id, name } of added) {
    const end = firstAfter(symbols, sorted, taken, name);
    merged.set(sorted.subarray(taken, end), into);
    into += end - taken;
    taken = end;
    merged[into++] = id;
  }
  merged.set(sorted.subarray(taken), into);
  return merged;
}

/** Where, from `begin` on, the first name greater than `name` is. */
function firstAfter(symbols: SymbolTable, sorted: Uint32Array, begin: number, name: string): number {
  let low = begin;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (symbols.name(sorted[middle] as number) < name) low = middle + 1;
    else high = middle;
  }
  return low;
}
