import type { Coverage, DiffQuery } from '@everflame/contract';
import type { ProfileKind } from '@everflame/profile';

export type Normalize = DiffQuery['normalize'];

/** What one side of a comparison is scaled by. */
export interface Scaled {
  readonly kind: ProfileKind;
  /** Of the sample type. */
  readonly unit: string;
  readonly coverage: Pick<Coverage, 'total' | 'series' | 'instanceSeconds'>;
}

const NANOS_PER_SECOND = 1e9;

/** Returns what a side is multiplied with. A side without anything stays zero. */
export function normalizeFactor({ coverage, kind, unit }: Scaled, normalize: Normalize): number {
  if (normalize === 'share') return coverage.total === 0 ? 0 : 1 / coverage.total;
  if (normalize === 'none') return 1;
  if (kind !== 'interval') return coverage.series === 0 ? 0 : 1 / coverage.series;
  const seconds = coverage.instanceSeconds;
  if (seconds === 0) return 0;
  return 1 / (unit === 'nanoseconds' ? seconds * NANOS_PER_SECOND : seconds);
}

/** Returns the unit of what `normalizeFactor` makes of values. */
export function normalizedUnit({ kind, unit }: Omit<Scaled, 'coverage'>, normalize: Normalize): string {
  if (normalize === 'share') return 'share';
  if (normalize === 'none' || kind !== 'interval') return unit;
  return unit === 'nanoseconds' ? 'cores' : `${unit}/s`;
}

/** Returns the unit of values per second, and what values in the unit of the sample type are divided by to get there. */
export function rateUnit(measured: Omit<Scaled, 'coverage'>): { unit: string; divisor: number } {
  const unit = normalizedUnit(measured, 'instance_seconds');
  return { unit, divisor: unit === 'cores' ? NANOS_PER_SECOND : 1 };
}
