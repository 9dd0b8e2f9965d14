import { FlameLayout, formatValue, shortName, type CallTree, type WidthMode } from '@everflame/flamegraph';
import { visibleText } from '@everflame/profile';
import { BUCKET_CUT, BUCKET_FADED, BUCKET_MATCH, type ColourScheme } from './palette.ts';
import { chooseScheme } from './schemes/index.ts';

/** A laid out tree with a colour bucket per node: all that the painter needs but the theme and the search. */
export interface FlameScene {
  readonly tree: CallTree;
  readonly layout: FlameLayout;
  readonly unit: string;
  readonly isDiff: boolean;
  readonly scheme: ColourScheme;
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

/** Lays a tree out and colours it, by the wanted scheme where that fits the tree. */
export function buildScene(
  tree: CallTree,
  unit: string,
  {
    widthMode = 'max',
    colours,
  }: { readonly widthMode?: WidthMode; readonly colours?: string | undefined } = {},
): FlameScene {
  const isDiff = tree.totalRight !== undefined;
  const layout = new FlameLayout(tree, { widthMode: isDiff ? widthMode : 'left' });
  const scheme = chooseScheme(tree, colours);
  return { tree, layout, unit, isDiff, scheme, bucket: scheme.buckets(tree) };
}

/** The bucket of the boxes `rowNodes[at .. at + count]` under a search: a run shows a match if any of its boxes is one. */
export function bucketUnder(scene: FlameScene, marks: SceneMarks | null, at: number, count: number): number {
  const node = scene.layout.rowNodes[at] as number;
  const own = scene.bucket[node] as number;
  if (marks === null || own === BUCKET_CUT || node === 0) return own;
  const found = (marks.counts[at + count] ?? 0) - (marks.counts[at] ?? 0);
  if (found === 0) return BUCKET_FADED;
  return scene.scheme.paintsMatches ? BUCKET_MATCH : own;
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
