import * as fc from 'fast-check';
import { StackSetBuilder } from '@everflame/testkit';
import { buildCutTree, SymbolTable, type CallTree, type Stacks, type StackSet } from '../../src/index.ts';
import { collapsedChunks } from '../../src/exports/collapsed.ts';

/** Stacks from folded lines, root first: `main;work 3`, or `main;work 3 5` for a diff. */
export function stacksOf(...lines: string[]): Stacks<SymbolTable> {
  const isDiff = lines.some((line) => / -?[\d.]+ -?[\d.]+$/.test(line));
  const builder = new StackSetBuilder(new SymbolTable(), { isDiff });
  for (const line of lines) {
    const parts = line.split(' ');
    const right = isDiff ? Number(parts.pop()) : 0;
    const left = Number(parts.pop());
    const path = parts.join(' ');
    const names = path === '' ? [] : path.split(';').toReversed();
    builder.add(
      names.map((name) => builder.symbols.intern(name, `${name}.go`)),
      left,
      right,
    );
  }
  return builder.build();
}

/** One stack per node with a value of its own. What a stand-in hides stays on the stack of its parent. */
export function treeToStacks(tree: CallTree): Stacks<SymbolTable> {
  const builder = new StackSetBuilder(tree.symbols, { isDiff: tree.selfRight !== undefined });
  const frames: number[] = [];
  for (let node = 0; node < tree.count; node++) {
    const left = tree.self[node] as number;
    const right = tree.selfRight?.[node] ?? 0;
    if (left === 0 && right === 0) continue;
    frames.length = 0;
    let at = (tree.cut[node] as number) > 0 ? (tree.parent[node] as number) : node;
    for (; at > 0; at = tree.parent[at] as number) frames.push(tree.symbol[at] as number);
    builder.add(frames, left, right);
  }
  return builder.build();
}

/** The tree cut to `maxNodes`, which has to be there. */
export function cutOf(stacks: StackSet, maxNodes: number): CallTree {
  const cut = buildCutTree(stacks, { maxNodes });
  if (cut === undefined) throw new Error('There is a tree.');
  return cut.tree;
}

/** The tree below a path. */
export function partOf(stacks: StackSet, path: readonly string[]): CallTree | undefined {
  return buildCutTree(stacks, { maxNodes: Infinity, path })?.tree;
}

/** The lines of collapsed stacks as one text. */
export function toCollapsed(stacks: Parameters<typeof collapsedChunks>[0]): string {
  return [...collapsedChunks(stacks)].join('');
}

/** One line per node: indentation, name or `+cut`, total and self of both sides. */
export function drawTree(tree: CallTree): string[] {
  return Array.from({ length: tree.count }, (_, node) => {
    const cut = tree.cut[node]!;
    const name = cut > 0 ? `+${cut}` : tree.symbols.name(tree.symbol[node]!) || 'root';
    const right = tree.totalRight ? ` | ${tree.totalRight[node]} ${tree.selfRight![node]}` : '';
    return `${'  '.repeat(tree.level[node]!)}${name} ${tree.total[node]} ${tree.self[node]}${right}`;
  });
}

const frame = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'É', '😀');
const line = (isDiff: boolean, low: number) =>
  fc
    .tuple(
      fc.array(frame, { maxLength: 8 }),
      fc.integer({ min: low, max: 1000 }),
      fc.integer({ min: low, max: 1000 }),
    )
    .map(([path, left, right]) => `${path.join(';')} ${left}${isDiff ? ` ${right}` : ''}`);

/** Stack sets with one side or two, values 0 to 1000. */
export const anyStacks = (
  options: { isDiff?: boolean; low?: number } = {},
): fc.Arbitrary<Stacks<SymbolTable>> =>
  fc
    .array(line(options.isDiff ?? false, options.low ?? 0), { maxLength: 40 })
    .map((lines) => stacksOf(...lines));
