import { type FrameNames, pickDoubles, readFrames, type Stacks, type StackSet } from './stack-set.ts';

/** Self and total per function, in parallel arrays by ascending symbol id. pprof calls them flat and cum. */
export interface TopFunctions {
  readonly symbol: Uint32Array;
  readonly self: Float64Array;
  /** A function that is several times in a stack counts once for it. */
  readonly total: Float64Array;
  readonly selfRight?: Float64Array;
  readonly totalRight?: Float64Array;
}

/** Sums each function that occurs in the stacks. */
export function topFunctions(stacks: StackSet): TopFunctions {
  const plain = readFrames(stacks);
  const left = sumSide(plain, stacks.left);
  const right = stacks.right && sumSide(plain, stacks.right);
  const used: number[] = [];
  for (const [id, stack] of left.lastStack.entries()) if (stack >= 0) used.push(id);
  const symbol = Uint32Array.from(used);
  const top = { symbol, self: pickDoubles(left.self, symbol), total: pickDoubles(left.total, symbol) };
  if (right === undefined) return top;
  return { ...top, selfRight: pickDoubles(right.self, symbol), totalRight: pickDoubles(right.total, symbol) };
}

/** Sums by symbol id; `lastStack` has -1 for a symbol that occurs in no stack. */
function sumSide({ symbols, frames, offsets }: Stacks<FrameNames>, values: Float64Array) {
  const lastStack = new Int32Array(symbols.size).fill(-1);
  const self = new Float64Array(symbols.size);
  const total = new Float64Array(symbols.size);
  for (let stack = 0; stack < values.length; stack++) {
    const begin = offsets[stack] as number;
    const end = offsets[stack + 1] as number;
    const value = values[stack] as number;
    for (let index = begin; index < end; index++) {
      const symbol = frames[index] as number;
      if (lastStack[symbol] === stack) continue;
      lastStack[symbol] = stack;
      total[symbol] = (total[symbol] as number) + value;
    }
    if (begin === end) continue;
    const leaf = frames[begin] as number;
    self[leaf] = (self[leaf] as number) + value;
  }
  return { self, total, lastStack };
}
