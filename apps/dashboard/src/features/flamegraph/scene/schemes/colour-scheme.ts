import type { CallTree } from '@everflame/flamegraph';
import type { Theme } from '../../../../ui/theme.ts';
import type { BoxStyle } from '../palette.ts';

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
