import {
  diffContribution,
  FlameLayout,
  formatValue,
  packageOf,
  shortName,
  type CallTree,
  type WidthMode,
} from '@everflame/flamegraph';
import { visibleText } from '@everflame/profile';
import type { Theme } from '../../../ui/theme.ts';
import {
  BUCKET_CUT,
  BUCKET_FADED,
  BUCKET_MATCH,
  BUCKET_ROOT,
  diffBucket,
  diffStyles,
  packageBuckets,
  packageStyles,
  type BoxStyle,
} from './palette.ts';

/** Order of siblings. */
export type SiblingOrder = 'name' | 'value';

/** A laid out tree with a colour bucket per node: all that the painter needs but the theme and the search. */
export interface FlameScene {
  readonly tree: CallTree;
  readonly layout: FlameLayout;
  readonly unit: string;
  readonly isDiff: boolean;
  /** By node. */
  readonly bucket: Uint8Array;
}

/** Marks of a search over a scene. */
export interface SceneMarks {
  /** 1 by symbol id. */
  readonly flags: Uint8Array;
  /** Prefix counts over the layout's rows. */
  readonly counts: Uint32Array;
}

/** Lays a tree out and colours it: by package, or by contribution to the change when it is a diff. */
export function buildScene(
  tree: CallTree,
  unit: string,
  options: { readonly widthMode?: WidthMode; readonly sort?: SiblingOrder } = {},
): FlameScene {
  const isDiff = tree.totalRight !== undefined;
  const layout = new FlameLayout(tree, {
    widthMode: isDiff ? (options.widthMode ?? 'max') : 'left',
    sort: options.sort ?? 'name',
  });
  return { tree, layout, unit, isDiff, bucket: isDiff ? diffBuckets(tree) : bucketsByPackage(tree) };
}

function bucketsByPackage(tree: CallTree): Uint8Array {
  const { symbols } = tree;
  // What has no package is coloured by its own name.
  const packages = Array.from(
    { length: symbols.size },
    (_, id) => packageOf(symbols.name(id), symbols.file(id)) || symbols.name(id),
  );
  const weights = new Map<string, number>();
  for (let node = 1; node < tree.count; node++) {
    const name = packages[tree.symbol[node] as number] ?? '';
    weights.set(name, (weights.get(name) ?? 0) + Math.abs(tree.self[node] as number));
  }
  const heaviestFirst = [...weights].toSorted((a, b) => b[1] - a[1]).map(([name]) => name);
  const buckets = packageBuckets(heaviestFirst);
  const bySymbol = Uint8Array.from(packages, (name) => buckets.get(name) ?? 0);
  const bucket = new Uint8Array(tree.count);
  for (let node = 0; node < tree.count; node++) {
    bucket[node] = special(tree, node) ?? (bySymbol[tree.symbol[node] as number] as number);
  }
  return bucket;
}

function diffBuckets(tree: CallTree): Uint8Array {
  const contribution = diffContribution(tree);
  const bucket = new Uint8Array(tree.count);
  for (let node = 0; node < tree.count; node++) {
    bucket[node] = tree.cut[node] === 0 ? diffBucket(contribution[node] as number) : BUCKET_CUT;
  }
  return bucket;
}

function special(tree: CallTree, node: number): number | undefined {
  if (node === 0) return BUCKET_ROOT;
  return (tree.cut[node] as number) > 0 ? BUCKET_CUT : undefined;
}

/** The bucket of a visited box or run under a search: a run shows a match if any of its boxes is one. */
export function bucketUnder(
  scene: FlameScene,
  marks: SceneMarks | null,
  visit: { readonly node: number; readonly count: number; readonly at: number },
): number {
  const own = scene.bucket[visit.node] as number;
  if (marks === null || own === BUCKET_CUT || visit.node === 0) return own;
  const found = (marks.counts[visit.at + visit.count] ?? 0) - (marks.counts[visit.at] ?? 0);
  if (found === 0) return BUCKET_FADED;
  return scene.isDiff ? own : BUCKET_MATCH;
}

/** Styles of a scene's buckets. */
export function sceneStyles(scene: Pick<FlameScene, 'isDiff'>, theme: Theme): readonly BoxStyle[] {
  return scene.isDiff ? diffStyles(theme) : packageStyles(theme);
}

/** The full name of a node as people read it: `total` for the root, `(+N functions)` for a stand-in. */
export function nodeName(tree: CallTree, node: number): string {
  const cut = tree.cut[node] as number;
  if (cut > 0) return `(+${cut} ${cut === 1 ? 'function' : 'functions'})`;
  return node === 0 ? 'total' : visibleText(tree.symbols.name(tree.symbol[node] as number));
}

/** What is new or gone in a diff is marked by a sign as well as by colour. */
export function changeSign(tree: CallTree, node: number): '' | '+ ' | '− ' {
  if (tree.totalRight === undefined || node === 0) return '';
  if (tree.total[node] === 0) return '+ ';
  return tree.totalRight[node] === 0 ? '− ' : '';
}

/** The text in a box. */
export function boxLabel(scene: FlameScene, node: number): string {
  const { tree } = scene;
  if (node === 0) return `total ${formatValue((tree.totalRight ?? tree.total)[0] as number, scene.unit)}`;
  return changeSign(tree, node) + shortName(nodeName(tree, node));
}
