import { compilePattern, InvalidArgumentError } from '@everflame/profile';
import type { SymbolTable } from './symbol-table.ts';
import type { CallTree } from './tree/call-tree.ts';

/**
 * Marks the symbols whose name matches, 1 by symbol id: `/regex/`, otherwise a substring, in any case unless the text
 * has a capital letter. Nothing matches an empty text. Throws `invalid_regex` for a regex that cannot be read.
 */
export function search(symbols: SymbolTable, text: string): Uint8Array {
  const flags = new Uint8Array(symbols.size);
  const isMatch = matcherOf(text);
  if (isMatch === undefined) return flags;
  for (let id = 1; id < flags.length; id++) if (isMatch(symbols.name(id))) flags[id] = 1;
  return flags;
}

function matcherOf(text: string): ((name: string) => boolean) | undefined {
  if (text.length > 2 && text.startsWith('/') && text.endsWith('/')) {
    const pattern = compilePattern(text.slice(1, -1));
    return (name) => pattern.test(name);
  }
  if (text === '') return undefined;
  const lower = text.toLowerCase();
  return lower === text ? (name) => name.toLowerCase().includes(text) : (name) => name.includes(text);
}

/** What a search found in a tree. */
export interface Matched {
  /** Total of the matching nodes, one within another counted once, as a part of the root's; both sides together. */
  readonly share: number;
  /** Matching nodes. */
  readonly nodes: number;
}

/** Sums the nodes whose symbol is marked in `flags`. */
export function matchedTotal(tree: CallTree, flags: Uint8Array): Matched {
  if (flags.length < tree.symbols.size) {
    throw new InvalidArgumentError('The marks belong to another symbol table.');
  }
  let value = 0;
  let nodes = 0;
  let counted = 0;
  for (let node = 0; node < tree.count; node++) {
    if (flags[tree.symbol[node] as number] === 0) continue;
    nodes++;
    if (node < counted) continue;
    counted = tree.subtreeEnd[node] as number;
    value += (tree.total[node] as number) + (tree.totalRight?.[node] ?? 0);
  }
  return { share: shareOfAll(tree, value), nodes };
}

function shareOfAll(tree: CallTree, value: number): number {
  const all = (tree.total[0] ?? 0) + (tree.totalRight?.[0] ?? 0);
  return all === 0 ? 0 : value / all;
}
