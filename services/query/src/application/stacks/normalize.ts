import type { Scope } from '@everflame/contract';
import type { ProfileKind } from '@everflame/profile';

export type Normalize = 'instance_seconds' | 'share' | 'none';

/** What a side of a comparison is scaled by. */
export interface Side {
  readonly kind: ProfileKind;
  /** Of the sample type. */
  readonly unit: string;
  readonly scope: Pick<Scope, 'total' | 'series' | 'instanceSeconds'>;
}

const NANOS_PER_SECOND = 1e9;

/** What a side is multiplied with. A side without anything stays zero. */
export function normalizeFactor({ scope, kind, unit }: Side, normalize: Normalize): number {
  if (normalize === 'share') return scope.total === 0 ? 0 : 1 / scope.total;
  if (normalize === 'none') return 1;
  if (kind !== 'interval') return scope.series === 0 ? 0 : 1 / scope.series;
  const seconds = scope.instanceSeconds;
  if (seconds === 0) return 0;
  return 1 / (unit === 'nanoseconds' ? seconds * NANOS_PER_SECOND : seconds);
}

/** The unit of what `normalizeFactor` makes of values. */
export function normalizedUnit({ kind, unit }: Omit<Side, 'scope'>, normalize: Normalize): string {
  if (normalize === 'share') return 'share';
  if (normalize === 'none' || kind !== 'interval') return unit;
  return unit === 'nanoseconds' ? 'cores' : `${unit}/s`;
}
