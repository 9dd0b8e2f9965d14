import type { ProfileKind } from '@everflame/profile';

export interface MergeOptions {
  /** `kind`: intervals are summed, others averaged per series and then summed. `sum`: everything is summed. */
  readonly aggregate: 'kind' | 'sum';
}

/** All matching profiles as one: a value per distinct stack, in no particular order. */
export interface MergedStacks {
  /** What the values are; guessed from the type where nothing matched. */
  readonly kind: ProfileKind;
  readonly stackIdLo: Uint32Array;
  readonly stackIdHi: Uint32Array;
  readonly values: Float64Array;
  /** False where a sum went beyond 2^53 - 1 and was rounded to the nearest Float64. */
  readonly isExact: boolean;
  /** The sums themselves, parallel to `values`; only where one of them or the total lies beyond 2^53 - 1. */
  readonly exactValues?: BigInt64Array | undefined;
  /** Profiles that were merged. */
  readonly profiles: number;
  /** Profiles left out because most profiles of this type have another kind. */
  readonly otherKindProfiles: number;
  /** Distinct series among the merged profiles. */
  readonly series: number;
  /** Summed durations of interval profiles; 0 where unknown, and for other kinds. */
  readonly instanceSeconds: number;
  /** Sum of `values`. */
  readonly total: number;
}

/** What was merged, without the stacks. */
export type Coverage = Pick<
  MergedStacks,
  'kind' | 'profiles' | 'otherKindProfiles' | 'series' | 'instanceSeconds'
>;

export function totalOf(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0);
}

/*
 * Answers that are put together from two statements: profiles that arrive between them would be in one and not in the
 * other, so both are read again where their totals differ.
 */

/** Profiles that arrive again and again between two statements do not hold an answer up for longer than this. */
export const MAX_ATTEMPTS = 6;

/** Whether two sums are of the same profiles; beyond 2^53 - 1, and where they are averaged, sums are rounded. */
export function isSameTotal(sum: number, other: number): boolean {
  if (Number.isSafeInteger(sum) && Number.isSafeInteger(other)) return sum === other;
  return Math.abs(sum - other) <= 1e-9 * Math.max(Math.abs(sum), Math.abs(other));
}
