import { readFrames, type Stacks, type StackSet, type StackValues } from './stack-set.ts';
import { mergeSymbols, SymbolTable } from './symbol-table.ts';

/** Lays two sets of stacks side by side: `a.left` becomes left, `b.left` becomes right; on the trie of both if it is one. */
export function diffStackSets(a: StackSet, b: StackSet): StackSet {
  const values = valuesSideBySide(a, b);
  if ('trie' in a && 'trie' in b && a.trie === b.trie) {
    return { symbols: a.symbols, trie: a.trie, nodes: joined(a.nodes, b.nodes), ...values };
  }
  const symbols = new SymbolTable();
  const [before, after] = [a, b].map((stacks) => withSymbols(readFrames(stacks), symbols)) as [Plain, Plain];
  const end = before.frames.length;
  return {
    symbols,
    offsets: joined(
      before.offsets,
      after.offsets.subarray(1).map((offset) => offset + end),
    ),
    frames: joined(before.frames, after.frames),
    ...values,
  };
}

type Plain = Pick<Stacks<SymbolTable>, 'offsets' | 'frames'>;

function withSymbols({ symbols: own, offsets, frames }: Stacks<SymbolTable>, symbols: SymbolTable): Plain {
  const ids = mergeSymbols(symbols, own);
  return { offsets, frames: frames.map((symbol) => ids[symbol] as number) };
}

/** The values of the left stacks, whose right ones are 0, and after them those of the right stacks. */
function valuesSideBySide(a: StackSet, b: StackSet): StackValues {
  const [before, after] = [a.left, b.left];
  const left = joined(before, new Float64Array(after.length));
  const right = joined(new Float64Array(before.length), after);
  if (a.exact === undefined && b.exact === undefined) return { left, right };
  const exact = joined(exactOf(a), new BigInt64Array(after.length));
  return { left, right, exact, exactRight: joined(new BigInt64Array(before.length), exactOf(b)) };
}

function exactOf({ left, exact }: StackValues): BigInt64Array {
  return exact ?? BigInt64Array.from(left, (value) => BigInt(Math.round(value)));
}

function joined<T extends Uint32Array | Float64Array | BigInt64Array>(first: T, second: T): T {
  const both = new (first.constructor as new (length: number) => T)(first.length + second.length);
  both.set(first as never);
  both.set(second as never, first.length);
  return both;
}
