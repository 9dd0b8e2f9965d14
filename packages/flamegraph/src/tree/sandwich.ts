import { Uint32List } from '@everflame/bytes';
import { pickDoubles, readFrames, type Stacks, type StackSet } from '../stack-set.ts';
import type { SymbolTable } from '../symbol-table.ts';
import { buildCutTree, type CutTree } from './build-tree.ts';

/** Who calls a function and what it calls; node 0 of both trees is the function, with its total. */
export interface Sandwich {
  readonly callers: CutTree;
  readonly callees: CutTree;
}

/**
 * Splits every stack with the function at its outermost frame of that function, so that a recursive call counts
 * once and shows below the callees. Both trees are empty (one node, symbol 0, total 0) for an unknown name.
 */
export function sandwich(stacks: StackSet, name: string, maxNodes: number): Sandwich {
  const symbol = stacks.symbols.find(name) ?? 0;
  const { callers, callees } = split(readFrames(stacks), symbol);
  const treeOf = (part: StackSet): CutTree => {
    const cut = buildCutTree(part, { maxNodes }) as CutTree;
    cut.tree.symbol[0] = symbol;
    return cut;
  };
  return { callers: treeOf(callers), callees: treeOf(callees) };
}

/** What is above the outermost frame of a function, turned around, and what is below it. */
function split({ symbols, offsets, frames, left, right }: Stacks<SymbolTable>, symbol: number) {
  const found: number[] = [];
  const above = { frames: new Uint32List(), offsets: [0] };
  const below = { frames: new Uint32List(), offsets: [0] };
  const count = symbol === 0 ? 0 : left.length;
  for (let stack = 0; stack < count; stack++) {
    const leaf = offsets[stack] as number;
    const end = offsets[stack + 1] as number;
    const outermost = frames.subarray(leaf, end).lastIndexOf(symbol);
    if (outermost < 0) continue;
    found.push(stack);
    for (let index = end - 1; index > leaf + outermost; index--) above.frames.push(frames[index] as number);
    for (let index = leaf; index < leaf + outermost; index++) below.frames.push(frames[index] as number);
    above.offsets.push(above.frames.length);
    below.offsets.push(below.frames.length);
  }
  const values = { symbols, left: pickDoubles(left, found), right: right && pickDoubles(right, found) };
  const setOf = (part: typeof above): StackSet => ({
    ...values,
    offsets: Uint32Array.from(part.offsets),
    frames: part.frames.subarray(0, part.frames.length),
  });
  return { callers: setOf(above), callees: setOf(below) };
}
