import { matchedTotal, search, SymbolTable, type CallTree, type Matched } from '@everflame/flamegraph';
import { useDeferredValue, useMemo } from 'react';

/** What a search text found; `flags` and `matched` are null when there is no text. */
export interface SearchResult {
  /** 1 by symbol id of the tree. */
  readonly flags: Uint8Array | null;
  readonly matched: Matched | null;
  /** Why the text cannot be searched for. */
  readonly problem: string | null;
}

const NOTHING: SearchResult = { flags: null, matched: null, problem: null };

/** Searches the names of a tree. */
export function searchTree(tree: CallTree, text: string | undefined): SearchResult {
  if (text === undefined || text === '') return NOTHING;
  try {
    const flags = search(tree.symbols, text);
    return { flags, matched: matchedTotal(tree, flags), problem: null };
  } catch (error) {
    return { ...NOTHING, problem: error instanceof Error ? error.message : 'This cannot be searched for.' };
  }
}

/** `searchTree` that never holds up typing. */
export function useSearchedTree(tree: CallTree, text: string | undefined): SearchResult {
  const deferred = useDeferredValue(text);
  return useMemo(() => searchTree(tree, deferred), [tree, deferred]);
}

/** The rows whose name matches, with the meaning that the search of the tree has. */
export function filterByName<T extends { readonly name: string }>(
  rows: readonly T[],
  text: string,
): readonly T[] {
  if (text === '') return rows;
  try {
    const symbols = new SymbolTable();
    const ids = rows.map((row) => symbols.intern(row.name));
    const flags = search(symbols, text);
    return rows.filter((_, index) => flags[ids[index] ?? 0] === 1);
  } catch {
    return rows;
  }
}
