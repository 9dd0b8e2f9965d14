import type { Theme } from '../../../ui/theme.ts';

/** Fill of a box and the text on it; every pair has a contrast of 4.5 or more. */
export interface BoxStyle {
  readonly fill: string;
  readonly text: string;
}

/** Styles that every scene has, by bucket; the colours of a scene follow. */
export const BUCKET_ROOT = 0;
export const BUCKET_CUT = 1;
export const BUCKET_MATCH = 2;
export const BUCKET_FADED = 3;
export const BUCKET_RUNTIME = 4;
/** First bucket of the colours by package, or of the nine steps of a diff. */
export const BUCKET_FIRST_COLOUR = 5;

const INK = { light: '#1b2129', dark: '#11151a' };

const SHARED: Readonly<Record<Theme, readonly BoxStyle[]>> = {
  light: [
    { fill: '#d3d9e1', text: INK.light },
    { fill: '#f0f2f5', text: '#56606d' },
    { fill: '#b79cf2', text: INK.light },
    { fill: '#e6e9ed', text: '#565f6b' },
    { fill: '#c9d0d9', text: INK.light },
  ],
  dark: [
    { fill: '#3a424d', text: '#e6e9ee' },
    { fill: '#1e232b', text: '#a3adba' },
    { fill: '#b79cf2', text: INK.dark },
    { fill: '#2b313a', text: '#a5aebb' },
    { fill: '#8590a0', text: INK.dark },
  ],
};

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

/** From better to worse: nine steps that stay apart for colour-blind viewers. */
const DIFF: Readonly<Record<Theme, readonly string[]>> = {
  light: '#54a6e7 #79b4e6 #9bc3e5 #bcd1e3 #e0dddb #e7cbb8 #ecb795 #f0a36f #f28e42'.split(' '),
  dark: '#4299dc #4886b8 #4b7394 #4c6072 #514c49 #745a49 #986846 #be7540 #e48233'.split(' '),
};

/** Number of colours that packages are spread over. */
export const PACKAGE_COLOURS = PACKAGES.light.length;

/** Styles by bucket for a tree that is coloured by package. */
export function packageStyles(theme: Theme): readonly BoxStyle[] {
  return [...SHARED[theme], ...PACKAGES[theme].map((fill) => ({ fill, text: INK[theme] }))];
}

/** Styles by bucket for a diff. */
export function diffStyles(theme: Theme): readonly BoxStyle[] {
  return [...SHARED[theme], ...DIFF[theme].map((fill) => ({ fill, text: readableOn(fill) }))];
}

/** Colours of the painter that belong to no box. */
export function canvasColours(theme: Theme): { readonly background: string; readonly outline: string } {
  return theme === 'dark'
    ? { background: '#161a20', outline: '#ffffff' }
    : { background: '#ffffff', outline: '#11151a' };
}

/** The step of a diff for a contribution of -1 to 1; what is within 1 % of nothing is neutral. */
export function diffBucket(contribution: number): number {
  const size = Math.abs(contribution);
  const step = size < 0.01 ? 0 : Math.min(4, 1 + Math.floor(size * 4));
  return BUCKET_FIRST_COLOUR + 4 + (contribution < 0 ? -step : step);
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

function readableOn(fill: string): string {
  return contrast(fill, '#11151a') >= 4.5 ? '#11151a' : '#ffffff';
}

/** WCAG contrast of two `#rrggbb` colours. */
export function contrast(a: string, b: string): number {
  const light = Math.max(luminance(a), luminance(b));
  const dark = Math.min(luminance(a), luminance(b));
  return (light + 0.05) / (dark + 0.05);
}

function luminance(colour: string): number {
  const channel = (at: number): number => {
    const value = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5);
}
