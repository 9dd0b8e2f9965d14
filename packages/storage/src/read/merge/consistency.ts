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
