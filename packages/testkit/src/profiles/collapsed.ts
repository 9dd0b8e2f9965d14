import { sortByBytes } from '@everflame/bytes';
import type { FlatProfile } from '@everflame/profile';

/**
 * The folded text of one sample type: `root;…;leaf value` per line, all labels summed, lines that sum to zero left
 * out, sorted by bytes, each ended by a line feed. Stacks that differ only in files or lines are one.
 */
export function toCollapsed(flat: FlatProfile, sampleTypeIndex: number): string {
  const names = Array.from({ length: flat.frames.count }, (_, frame) => flat.frames.name(frame));
  const sums = new Map<string, number>();
  for (const group of flat.groups) {
    const column = group.columns[sampleTypeIndex];
    if (column === undefined) continue;
    column.values.forEach((value, i) => {
      const stack = collapsedStack(flat, column.stacks[i] as number, names);
      sums.set(stack, (sums.get(stack) ?? 0) + value);
    });
  }
  return formatCollapsed(sums);
}

/** Folded text of values by `root;…;leaf`, in the form of `toCollapsed`. */
export function formatCollapsed(sums: ReadonlyMap<string, number>): string {
  const lines: string[] = [];
  for (const [stack, value] of sums) if (value !== 0) lines.push(`${stack} ${value}\n`);
  return sortByBytes(lines).join('');
}

function collapsedStack(flat: FlatProfile, stack: number, names: readonly string[]): string {
  const { offsets, frames } = flat.stacks;
  const parts: string[] = [];
  for (let at = (offsets[stack + 1] as number) - 1; at >= (offsets[stack] as number); at--) {
    parts.push(names[frames[at] as number] ?? '');
  }
  return parts.join(';');
}
