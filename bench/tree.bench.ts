// Speed of the call tree: npm run bench -- tree [stacks]
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import {
  buildCutTree,
  decodeTree,
  encodeTree,
  FlameLayout,
  PathTrie,
  toColumns,
  topFunctions,
  type CallTree,
  type CutTree,
  type Stacks,
  type StackSet,
  type SymbolTable,
  type TrieStacks,
} from '@everflame/flamegraph';
import { StackSetBuilder } from '@everflame/testkit';

const FUNCTIONS = 12_000;
const DEPTH = 30;
const PIXELS = 1880;
const VISIBLE_ROWS = 50;
const ROUNDS = 5;

const figures: Record<string, number> = {};

/** Mulberry32: the same stacks on every machine. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Stacks that share their outer frames, as real ones do; each function calls a few others, one of them most often. */
function randomStacks(count: number, depth: number, fanOut: number): Stacks<SymbolTable> {
  const random = randomFrom(count);
  const builder = new StackSetBuilder();
  const ids = Array.from({ length: FUNCTIONS }, (_, index) =>
    builder.symbols.intern(
      `github.com/acme/shop/internal/pkg${index % 97}.(*Worker).step${index}`,
      `/src/pkg${index % 97}/worker.go`,
    ),
  );
  const frames = new Uint32Array(depth * 2);
  for (let stack = 0; stack < count; stack++) {
    const length = Math.round(depth * (0.5 + random()));
    let at = 0;
    for (let level = 0; level < length; level++) {
      const branch = Math.floor(random() ** 3 * fanOut);
      at = Math.abs(Math.imul(at + 1, 7919) + branch * 104_729) % FUNCTIONS;
      frames[length - 1 - level] = ids[at] ?? 0;
    }
    builder.add(frames, 1 + Math.floor(random() ** 4 * 1e7), 0, 0, length);
  }
  return builder.build();
}

/** The stacks at the nodes of a trie, as the query service has them when it has seen them before. */
function onTrie({ symbols, offsets, frames, left }: Stacks<SymbolTable>): TrieStacks {
  const trie = new PathTrie();
  const nodes = Uint32Array.from(left, (_, stack) => {
    let node = 0;
    for (let at = (offsets[stack + 1] ?? 0) - 1; at >= (offsets[stack] ?? 0); at--) {
      node = trie.child(node, frames[at] ?? 0);
    }
    return node;
  });
  return { symbols, trie, nodes, left };
}

function cutTo(stacks: StackSet, maxNodes: number): CutTree {
  const cut = buildCutTree(stacks, { maxNodes });
  if (cut === undefined) throw new Error('There is a tree of any stacks.');
  return cut;
}

/** Prints and keeps the median of a few rounds. */
function measure<T>(name: string, run: () => T): T {
  const times: number[] = [];
  let result = run();
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    result = run();
    times.push(performance.now() - start);
  }
  const median = times.toSorted((a, b) => a - b)[Math.floor(ROUNDS / 2)] ?? 0;
  report(`${name}_ms`, Math.round(median * 100) / 100);
  return result;
}

function report(name: string, value: number): void {
  figures[name] = value;
  process.stdout.write(`${name.padEnd(36)}${value.toLocaleString('en-US').padStart(16)}\n`);
}

function visitAll(layout: FlameLayout, rows: number, x0: number, x1: number): number {
  let visits = 0;
  for (let row = 0; row < rows; row++) {
    visits += layout.forEachVisible(row, { x0, x1 }, PIXELS, () => undefined);
  }
  return visits;
}

function draw(prefix: string, tree: CallTree): void {
  const layout = measure(`${prefix}_layout`, () => new FlameLayout(tree));
  measure(`${prefix}_layout_by_value`, () => new FlameLayout(tree, { sort: 'value' }));
  report(`${prefix}_rows`, layout.depth);
  const rows = Math.min(VISIBLE_ROWS, layout.depth);
  report(
    `${prefix}_visits`,
    measure(`${prefix}_visible_pass`, () => visitAll(layout, rows, 0, 1)),
  );
  report(`${prefix}_visits_bound`, rows * (2 * PIXELS + 2));
  report(`${prefix}_visits_zoomed`, visitAll(layout, rows, 0.4, 0.41));
}

const stacks = randomStacks(Number(process.argv[2] ?? 100_000), DEPTH, 6);
report('stacks', stacks.left.length);
report('frames', stacks.frames.length);
const shared = onTrie(stacks);
measure('build_and_cut_on_trie', () => buildCutTree(shared, { maxNodes: 16_384 }));
measure('top_functions', () => topFunctions(stacks));
const { tree: cut, nodes } = measure('build_and_cut', () => cutTo(stacks, 16_384));
report('nodes', nodes);
const cutBytes = measure('encode_16384', () => encodeTree(cut, {}));
report('bytes_16384', cutBytes.length);
report('json_bytes_16384', JSON.stringify(toColumns(cut)).length);
draw('cut', cut);

const { tree: large } = cutTo(randomStacks(100_000, 60, 6), 1_000_000);
report('large_nodes', large.count);
const bytes = measure('large_encode', () => encodeTree(large, {}));
report('large_bytes', bytes.length);
report('large_bytes_per_node', Math.round((bytes.length / large.count) * 100) / 100);
// At the levels at which the query service sends them.
const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: 2 } };
report('large_bytes_brotli', brotliCompressSync(bytes, quality).length);
report('large_bytes_gzip', gzipSync(bytes, { level: 1 }).length);
measure('large_decode', () => decodeTree(bytes));
draw('large', large);

process.stdout.write(`${JSON.stringify(figures)}\n`);
