import { medianOfThree } from './select-largest.ts';

/** Stacks as ranks of their names, **root first**; stack `i` is `ranks[offsets[i] .. offsets[i + 1]]`. */
export interface RankedStacks {
  readonly offsets: Uint32Array;
  readonly ranks: Uint32Array;
}

export function lengthOf({ offsets }: RankedStacks, stack: number): number {
  return (offsets[stack + 1] as number) - (offsets[stack] as number);
}

/** How many frames two stacks have in common, from the root. */
export function sharedPrefix(stacks: RankedStacks, a: number, b: number): number {
  const { offsets, ranks } = stacks;
  const beginA = offsets[a] as number;
  const beginB = offsets[b] as number;
  const length = Math.min(lengthOf(stacks, a), lengthOf(stacks, b));
  let shared = 0;
  while (shared < length && ranks[beginA + shared] === ranks[beginB + shared]) shared++;
  return shared;
}

/**
 * Stack numbers in lexicographic order. Three-way radix quicksort (Bentley and Sedgewick, Fast Algorithms for
 * Sorting and Searching Strings, 1997), so that a prefix shared by many stacks is read once per stack rather than
 * once per comparison. Keeps its own work list: stacks can be 10,000 deep.
 */
export function sortStacks(stacks: RankedStacks): Uint32Array {
  const order = Uint32Array.from({ length: stacks.offsets.length - 1 }, (_, stack) => stack);
  const keys = new Uint32Array(order.length);
  const open = [0, order.length, 0];
  for (;;) {
    const depth = open.pop();
    const end = open.pop();
    const begin = open.pop();
    if (depth === undefined || end === undefined || begin === undefined) return order;
    if (end - begin < 2) continue;
    const group = { begin, end, depth };
    readKeys(stacks, order, keys, group);
    const pivot = medianOfThree(
      keys[begin] as number,
      keys[(begin + end) >>> 1] as number,
      keys[end - 1] as number,
    );
    const [less, more] = partition(order, keys, group, pivot);
    open.push(begin, less, depth, more, end, depth);
    // Key 0 is the end of a stack: those are equal.
    if (pivot > 0) open.push(less, more, depth + 1);
  }
}

interface Group {
  readonly begin: number;
  readonly end: number;
  readonly depth: number;
}

/** The frame of each stack of a group at a depth, as rank + 1; 0 where the stack has ended. */
function readKeys(stacks: RankedStacks, order: Uint32Array, keys: Uint32Array, group: Group): void {
  const { offsets, ranks } = stacks;
  for (let index = group.begin; index < group.end; index++) {
    const stack = order[index] as number;
    const at = (offsets[stack] as number) + group.depth;
    keys[index] = at < (offsets[stack + 1] as number) ? (ranks[at] as number) + 1 : 0;
  }
}

/** Moves smaller keys to the front and larger ones to the back; the result is where the equal ones are. */
function partition(
  order: Uint32Array,
  keys: Uint32Array,
  { begin, end }: Group,
  pivot: number,
): [less: number, more: number] {
  let less = begin;
  let more = end;
  let index = begin;
  while (index < more) {
    const key = keys[index] as number;
    if (key === pivot) index++;
    else if (key < pivot) swap(order, keys, index++, less++);
    else swap(order, keys, index, --more);
  }
  return [less, more];
}

function swap(order: Uint32Array, keys: Uint32Array, a: number, b: number): void {
  const stack = order[a] as number;
  order[a] = order[b] as number;
  order[b] = stack;
  const key = keys[a] as number;
  keys[a] = keys[b] as number;
  keys[b] = key;
}
