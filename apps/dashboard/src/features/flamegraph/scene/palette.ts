import type { CallTree } from '@everflame/flamegraph';
import type { Theme } from '../../../ui/theme.ts';

/** Fill of a box and the text on it; every pair has a contrast of 4.5 or more. */
export interface BoxStyle {
  readonly fill: string;
  readonly text: string;
}

/** A way to colour the boxes of a tree. */
export interface ColourScheme {
  /** Its name in the toolbar, which offers the schemes that fit where there are several. */
  readonly label: string;
  /** Whether it says something of this tree. */
  readonly fits: (tree: CallTree) => boolean;
  /** Returns the styles by bucket: those that every scheme shares, then its own. */
  readonly styles: (theme: Theme) => readonly BoxStyle[];
  /** Returns the bucket of each node. */
  readonly buckets: (tree: CallTree) => Uint8Array;
  /** Whether what a search finds takes the colour of matches in place of its own. */
  readonly paintsMatches: boolean;
}

/** Styles that every scene has, by bucket; the colours of a scene follow. */
export const BUCKET_ROOT = 0;
export const BUCKET_CUT = 1;
export const BUCKET_MATCH = 2;
export const BUCKET_FADED = 3;
export const BUCKET_RUNTIME = 4;
/** First bucket of the colours of a scheme. */
export const BUCKET_FIRST_COLOUR = 5;

export const INK = { light: '#1b2129', dark: '#11151a' };

export const SHARED_STYLES: Readonly<Record<Theme, readonly BoxStyle[]>> = {
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

/** Colours of the painter that belong to no box. */
export function canvasColours(theme: Theme): { readonly background: string; readonly outline: string } {
  return theme === 'dark'
    ? { background: '#161a20', outline: '#ffffff' }
    : { background: '#ffffff', outline: '#11151a' };
}
