import { readFrames, type StackSet } from './stack-set.ts';

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
  const { frames, offsets, right } = readFrames(stacks);
  const size = stacks.symbols.size;
  const isUsed = new Uint8Array(size);
  const lastStack = new Int32Array(size).fill(-1);
  const left = { self: new Float64Array(size), total: new Float64Array(size) };
  const after = { self: new Float64Array(right ? size : 0), total: new Float64Array(right ? size : 0) };
  for (let stack = 0; stack < stacks.left.length; stack++) {
    const begin = offsets[stack] as number;
    const end = offsets[stack + 1] as number;
    const value = stacks.left[stack] as number;
    const valueRight = right?.[stack] ?? 0;
    for (let index = begin; index < end; index++) {
      const symbol = frames[index] as number;
      if (lastStack[symbol] === stack) continue;
      lastStack[symbol] = stack;
      isUsed[symbol] = 1;
      addTo(left.total, symbol, value);
      if (right !== undefined) addTo(after.total, symbol, valueRight);
    }
    if (begin === end) continue;
    addTo(left.self, frames[begin] as number, value);
    if (right !== undefined) addTo(after.self, frames[begin] as number, valueRight);
  }
  const symbol = indexesOf(isUsed);
  const pick = (values: Float64Array): Float64Array =>
    Float64Array.from(symbol, (id) => values[id] as number);
  const top = { symbol, self: pick(left.self), total: pick(left.total) };
  if (right === undefined) return top;
  return { ...top, selfRight: pick(after.self), totalRight: pick(after.total) };
}

function addTo(values: Float64Array, index: number, value: number): void {
  values[index] = (values[index] as number) + value;
}

function indexesOf(flags: Uint8Array): Uint32Array {
  const indexes: number[] = [];
  for (let index = 0; index < flags.length; index++) if (flags[index] === 1) indexes.push(index);
  return Uint32Array.from(indexes);
}
