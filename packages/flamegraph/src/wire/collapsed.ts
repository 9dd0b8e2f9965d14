import type { StackSet } from '../stack-set.ts';
import { sortByBytes } from './utf8.ts';

/**
 * Folded text: `main;work;alloc 3`, names root first, one line per distinct stack, sorted by bytes, each line ended
 * by a newline. Lines with zero are left out. A diff has both values, `stack left right`, and keeps a line where
 * either is not zero. A line break within a name becomes a space.
 */
export function toCollapsed(stacks: StackSet): string {
  const { offsets, frames, symbols, right } = stacks;
  const names: string[] = [];
  const values = new Map<string, [left: number, right: number]>();
  const parts: string[] = [];
  for (let stack = 0; stack < stacks.left.length; stack++) {
    parts.length = 0;
    const leaf = offsets[stack] as number;
    for (let index = (offsets[stack + 1] as number) - 1; index >= leaf; index--) {
      const symbol = frames[index] as number;
      parts.push((names[symbol] ??= symbols.name(symbol).replace(/[\r\n]+/g, ' ')));
    }
    const key = parts.join(';');
    const sum = values.get(key);
    const left = stacks.left[stack] as number;
    const after = right?.[stack] ?? 0;
    if (sum === undefined) values.set(key, [left, after]);
    else {
      sum[0] += left;
      sum[1] += after;
    }
  }
  const lines: string[] = [];
  for (const [stack, [left, after]] of values) {
    if (left === 0 && after === 0) continue;
    lines.push(right === undefined ? `${stack} ${left}\n` : `${stack} ${left} ${after}\n`);
  }
  return sortByBytes(lines).join('');
}
