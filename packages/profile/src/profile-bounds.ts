import { InvalidArgumentError } from './errors.ts';

/** Whole numbers from `min` to `max`, both included. */
interface Bounds {
  readonly min: number;
  readonly max: number;
}

const SAFE: Bounds = { min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER };

/**
 * What the numbers of a profile may be. Whoever writes, reads or stores profiles on their way to the tables checks these
 * and no others, so that what one of them takes the next one takes too.
 */
export const PROFILE_BOUNDS = {
  // ClickHouse reckons in 32 bits of seconds when a part expires; with the longest retention added they last until here.
  timeMs: { min: 0, max: Date.UTC(2105, 0, 1) },
  // The column has 32 bits: 49 days.
  durationMs: { min: 0, max: 0xffff_ffff },
  period: SAFE,
  total: SAFE,
  value: SAFE,
  // What resolves stacks is kept only a little longer.
  retentionDays: { min: 1, max: 400 },
  rollupDays: { min: 1, max: 400 },
} as const satisfies Readonly<Record<string, Bounds>>;

export type BoundedField = keyof typeof PROFILE_BOUNDS;

/** Whether the number can be stored as that field of a profile. */
export function isInBounds(field: BoundedField, value: number): boolean {
  const { min, max } = PROFILE_BOUNDS[field];
  return Number.isSafeInteger(value) && value >= min && value <= max;
}

/** Throws `InvalidArgumentError` (`value_out_of_range`) for a number that cannot be stored as that field of a profile. */
export function requireInBounds(field: BoundedField, value: number): void {
  if (isInBounds(field, value)) return;
  const { min, max } = PROFILE_BOUNDS[field];
  throw new InvalidArgumentError(
    `${field} of a profile has to be a whole number from ${min} to ${max}; got ${value}.`,
    { code: 'value_out_of_range', hint: 'Send the profile with a value in this range.' },
  );
}

/** As `requireInBounds`, for all values of a profile. */
export function requireValuesInBounds(values: Float64Array): void {
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    // As `Number.isSafeInteger`, which takes three times as long.
    const isSafe = Math.trunc(value) === value && value <= SAFE.max && value >= SAFE.min;
    if (!isSafe) requireInBounds('value', value);
  }
}

/** Throws (`value_out_of_range`) for a class of retention whose rollups are kept shorter than its profiles, too. */
export function requireRetention(days: number, rollupDays: number): void {
  requireInBounds('retentionDays', days);
  requireInBounds('rollupDays', rollupDays);
  if (days > rollupDays) {
    throw new InvalidArgumentError(`Rollups are kept ${rollupDays} days, profiles ${days}.`, {
      code: 'value_out_of_range',
      hint: 'Keep rollups at least as long as the profiles they are made of.',
    });
  }
}
