import { packageOf, type CallTree } from '@everflame/flamegraph';
import type { Theme } from '../../../../ui/theme.ts';
import {
  BUCKET_CUT,
  BUCKET_FIRST_COLOUR,
  BUCKET_ROOT,
  BUCKET_RUNTIME,
  INK,
  SHARED_STYLES,
  type BoxStyle,
  type ColourScheme,
} from '../palette.ts';

// Equal steps of hue in OKLCH, warm ones stronger, so that neighbours differ and none shouts.
const PACKAGES: Readonly<Record<Theme, readonly string[]>> = {
  light: (
    '#fbae9a #ffbd94 #ecba7f #e8cb84 #ccc87f #ffb5b4 #f9aabc #fbb5dc #becfa4 #acd3b3 #9dd5c9 #9bd2e0 ' +
    '#a7ccec #bfc4ee #d3bde5'
  ).split(' '),
  dark: (
    '#d4836e #d99165 #c58f4e #c0a152 #a49f4d #df8989 #d27f93 #d489b4 #8fa074 #7ca483 #6aa69a #68a3b1 ' +
    '#779dbe #9094c0 #a58db7'
  ).split(' '),
};

/** Number of colours that packages are spread over. */
const PACKAGE_COLOURS = PACKAGES.light.length;

/** Styles by bucket for a tree that is coloured by package. */
export function packageStyles(theme: Theme): readonly BoxStyle[] {
  return [...SHARED_STYLES[theme], ...PACKAGES[theme].map((fill) => ({ fill, text: INK[theme] }))];
}

/** A colour for each package, so that what belongs together is seen together. */
export const PACKAGE_SCHEME: ColourScheme = {
  label: 'Package',
  fits: (tree) => tree.totalRight === undefined,
  styles: packageStyles,
  buckets: bucketsByPackage,
  paintsMatches: true,
};

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
  bucket[0] = BUCKET_ROOT;
  for (let node = 1; node < tree.count; node++) {
    bucket[node] = tree.cut[node] === 0 ? (bySymbol[tree.symbol[node] as number] as number) : BUCKET_CUT;
  }
  return bucket;
}

/**
 * Buckets of package names, the heaviest package first. A name has the colour of its hash, so that it keeps it from
 * page to page; where a heavier package has that colour already, the next free one. When none is left they are shared.
 */
export function packageBuckets(names: readonly string[]): ReadonlyMap<string, number> {
  const buckets = new Map<string, number>();
  const taken = new Set<number>();
  for (const name of names) {
    if (isRuntime(name)) {
      buckets.set(name, BUCKET_RUNTIME);
      continue;
    }
    let colour = hashOf(name) % PACKAGE_COLOURS;
    for (let step = 0; step < PACKAGE_COLOURS && taken.size < PACKAGE_COLOURS && taken.has(colour); step++) {
      colour = (colour + 4) % PACKAGE_COLOURS;
    }
    taken.add(colour);
    buckets.set(name, BUCKET_FIRST_COLOUR + colour);
  }
  return buckets;
}

/** FNV-1a, folded so that its low bits depend on every character. */
function hashOf(name: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < name.length; index++) {
    hash = Math.imul(hash ^ name.charCodeAt(index), 0x01000193);
  }
  return (hash ^ (hash >>> 15)) >>> 0;
}

/** Frames that profilers of Node.js add for what is no function. */
const NODE_ROOTS: ReadonlySet<string> = new Set(['Node.js', 'Garbage Collection', 'Non JS threads activity']);

function isRuntime(name: string): boolean {
  return NODE_ROOTS.has(name) || /^(?:runtime|internal|node:|v8|\(|libc|ld-linux|kernel)/.test(name);
}
