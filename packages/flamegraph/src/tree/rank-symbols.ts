import type { SymbolTable } from '../symbol-table.ts';

/** Symbol of stand-ins while a tree is made, so that they never meet a frame without a name. */
export const STAND_IN = 0xffff_ffff;

export interface RankedSymbols {
  /** Symbol ids in use, in order of their names. */
  readonly byRank: Uint32Array;
  /** By symbol id: its position in `byRank`. */
  readonly rank: Uint32Array;
}

/** Orders the symbols that occur in `used` by name (UTF-16 code units); stand-ins have no rank. */
export function rankSymbols(symbols: SymbolTable, used: Uint32Array): RankedSymbols {
  const rank = new Uint32Array(symbols.size);
  const names: { id: number; name: string }[] = [];
  for (const id of used) {
    if (id === STAND_IN || rank[id] === 1) continue;
    rank[id] = 1;
    names.push({ id, name: symbols.name(id) });
  }
  names.sort((a, b) => (a.name < b.name ? -1 : 1));
  const byRank = Uint32Array.from(names, ({ id }) => id);
  for (const [index, id] of byRank.entries()) rank[id] = index;
  return { byRank, rank };
}
