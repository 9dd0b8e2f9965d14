import { sortByBytes } from '@everflame/bytes';
import { type FrameNames, readFrames, type Stacks, type TrieStacks } from '../stack-set.ts';
import { inChunks } from './chunks.ts';
import { lengthOf, sharedPrefix, sortStacks, type RankedStacks } from '../tree/sort-stacks.ts';

/**
 * Folded text: `main;work;alloc 3`, names root first, one line per distinct stack, sorted by bytes, each line ended
 * by a newline. Lines with zero are left out. A diff has both values, `stack left right`, and keeps a line where
 * either is not zero. A line break within a name becomes a space. It comes in pieces of about 64 KiB, which are made as
 * they are asked for.
 */
export function collapsedChunks(stacks: Stacks<FrameNames> | TrieStacks): Generator<string> {
  return inChunks(collapsedLines(readFrames(stacks)));
}

function collapsedLines(stacks: Stacks<FrameNames>): Iterable<string> {
  const tokens = tokensOf(stacks);
  const order = sortByBytes([...tokens.texts]);
  // A token that begins another one leaves the order of their lines to what follows.
  const isPrefixFree = order.every(
    (text, index) => index === 0 || !text.startsWith(order[index - 1] as string),
  );
  const entries = entriesByRank(stacks, tokens, order);
  return isPrefixFree ? linesOf(entries) : sortByBytes([...linesOf(mergeByText(entries))]);
}

/** A distinct stack as text that ends in a blank, and its values. */
interface Entry {
  readonly text: string;
  readonly sums: readonly (number | bigint)[];
}

function* linesOf(entries: Iterable<Entry>): Generator<string> {
  for (const { text, sums } of entries) {
    const [left, right = left] = sums.map(String);
    if (left === '0' && right === '0') continue;
    yield sums.length === 1 ? `${text}${left}\n` : `${text}${left} ${right}\n`;
  }
}

/** Different stacks can have one text where names have separators in them. */
function mergeByText(entries: Iterable<Entry>): Iterable<Entry> {
  const merged = new Map<string, Entry>();
  for (const { text, sums } of entries) {
    const known = merged.get(text)?.sums;
    merged.set(text, { text, sums: known?.map((sum, side) => sumOf(sum, sums[side] ?? 0)) ?? sums });
  }
  return merged.values();
}

/** What lines are made of: `name;` for callers, `name ` for leaves. */
interface Tokens {
  readonly texts: Set<string>;
  readonly callerOf: (frame: number) => string;
  readonly leafOf: (frame: number) => string;
}

const NO_FRAMES = ' ';

function tokensOf({ symbols, frames, offsets, left }: Stacks<FrameNames>): Tokens {
  const names: string[] = [];
  const nameOf = (frame: number): string => (names[frame] ??= symbols.name(frame).replace(/[\r\n]+/g, ' '));
  const callerOf = (frame: number): string => `${nameOf(frame)};`;
  const leafOf = (frame: number): string => `${nameOf(frame)} `;
  const texts = new Set<string>();
  const isCaller = new Uint8Array(symbols.size);
  for (let stack = 0; stack < left.length; stack++) {
    const begin = offsets[stack] as number;
    const end = offsets[stack + 1] as number;
    texts.add(begin === end ? NO_FRAMES : leafOf(frames[begin] as number));
    for (let index = begin + 1; index < end; index++) {
      const frame = frames[index] as number;
      if (isCaller[frame] === 1) continue;
      isCaller[frame] = 1;
      texts.add(callerOf(frame));
    }
  }
  return { texts, callerOf, leafOf };
}

function* entriesByRank(
  stacks: Stacks<FrameNames>,
  tokens: Tokens,
  order: readonly string[],
): Generator<Entry> {
  const ranked = rankTokens(stacks, tokens, order);
  const sorted = sortStacks(ranked);
  const sides = [stacks.exact ?? stacks.left];
  if (stacks.right !== undefined) sides.push(stacks.exactRight ?? stacks.right);
  for (let index = 0; index < sorted.length;) {
    const first = sorted[index] as number;
    const length = lengthOf(ranked, first);
    const sums: (number | bigint)[] = [];
    for (; index < sorted.length; index++) {
      const stack = sorted[index] as number;
      if (lengthOf(ranked, stack) !== length || sharedPrefix(ranked, first, stack) !== length) break;
      addValues(sums, sides, stack);
    }
    const begin = ranked.offsets[first] as number;
    let text = '';
    for (let at = begin; at < begin + length; at++) text += order[ranked.ranks[at] as number];
    yield { text, sums };
  }
}

function addValues(
  sums: (number | bigint)[],
  sides: readonly (Float64Array | BigInt64Array)[],
  stack: number,
): void {
  for (let side = 0; side < sides.length; side++) {
    sums[side] = sumOf(sums[side] ?? 0, sides[side]?.[stack] ?? 0);
  }
}

function sumOf(a: number | bigint, b: number | bigint): number | bigint {
  return typeof a === 'bigint' || typeof b === 'bigint' ? BigInt(a) + BigInt(b) : a + b;
}

/** Stacks as positions of their tokens in `order`, root first. */
function rankTokens(
  { symbols, offsets, frames, left }: Stacks<FrameNames>,
  { callerOf, leafOf }: Tokens,
  order: readonly string[],
): RankedStacks {
  const ranks = new Map(order.map((text, rank) => [text, rank]));
  const callers = new Int32Array(symbols.size).fill(-1);
  const rankOf = (text: string): number => ranks.get(text) ?? 0;
  // A stack without frames still has one token.
  const into = new Uint32Array(frames.length + left.length);
  const starts = new Uint32Array(left.length + 1);
  let count = 0;
  for (let stack = 0; stack < left.length; stack++) {
    const begin = offsets[stack] as number;
    const end = offsets[stack + 1] as number;
    for (let index = end - 1; index > begin; index--) {
      const frame = frames[index] as number;
      if (callers[frame] === -1) callers[frame] = rankOf(callerOf(frame));
      into[count++] = callers[frame] as number;
    }
    into[count++] = rankOf(begin === end ? NO_FRAMES : leafOf(frames[begin] as number));
    starts[stack + 1] = count;
  }
  return { offsets: starts, ranks: into.subarray(0, count) };
}
