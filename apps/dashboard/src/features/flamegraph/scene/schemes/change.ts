import { diffContribution, type CallTree } from '@everflame/flamegraph';
import type { Theme } from '../../../../ui/theme.ts';
import {
  BUCKET_CUT,
  BUCKET_FIRST_COLOUR,
  INK,
  SHARED_STYLES,
  type BoxStyle,
  type ColourScheme,
} from '../palette.ts';

/** From better to worse: nine steps that stay apart for colour-blind viewers. */
const DIFF: Readonly<Record<Theme, readonly string[]>> = {
  light: '#54a6e7 #79b4e6 #9bc3e5 #bcd1e3 #e0dddb #e7cbb8 #ecb795 #f0a36f #f28e42'.split(' '),
  dark: '#4299dc #4886b8 #4b7394 #4c6072 #514c49 #745a49 #986846 #be7540 #e48233'.split(' '),
};

/** Styles by bucket for a diff. In the dark theme the steps around the middle are too dark for ink. */
export function diffStyles(theme: Theme): readonly BoxStyle[] {
  const textOf = (step: number): string =>
    theme === 'dark' && step >= 2 && step <= 6 ? '#ffffff' : INK.dark;
  return [...SHARED_STYLES[theme], ...DIFF[theme].map((fill, step) => ({ fill, text: textOf(step) }))];
}

/** Colours by contribution to the change between both sides of a diff. */
export const CHANGE_SCHEME: ColourScheme = {
  label: 'Change',
  fits: (tree) => tree.totalRight !== undefined,
  styles: diffStyles,
  buckets: diffBuckets,
  paintsMatches: false,
};

function diffBuckets(tree: CallTree): Uint8Array {
  const contribution = diffContribution(tree);
  const bucket = new Uint8Array(tree.count);
  for (let node = 0; node < tree.count; node++) {
    bucket[node] = tree.cut[node] === 0 ? diffBucket(contribution[node] as number) : BUCKET_CUT;
  }
  return bucket;
}

/** The step of a diff for a contribution of -1 to 1; what is within 1 % of nothing is neutral. */
export function diffBucket(contribution: number): number {
  const size = Math.abs(contribution);
  const step = size < 0.01 ? 0 : Math.min(4, 1 + Math.floor(size * 4));
  return BUCKET_FIRST_COLOUR + 4 + (contribution < 0 ? -step : step);
}
