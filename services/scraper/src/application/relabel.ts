import type { LabelSet } from '@everflame/profile';

/**
 * Returns the labels of a target from those it was discovered with. There are no rules yet that would change them, or
 * leave a target out.
 */
export function relabel(discovered: LabelSet): LabelSet {
  return discovered;
}
