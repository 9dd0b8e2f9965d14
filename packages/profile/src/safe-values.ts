import { DomainError } from './errors.ts';

/** The number of a 64-bit two's complement; throws `value_too_large` beyond ±(2^53 − 1). */
export function safeNumber(lo: number, hi: number): number {
  const value = (hi | 0) * 0x1_0000_0000 + (lo >>> 0);
  if (value > Number.MAX_SAFE_INTEGER || value < -Number.MAX_SAFE_INTEGER) throw valueTooLarge();
  return value;
}

export function valueTooLarge(): DomainError {
  return new DomainError(
    'too_large',
    'value_too_large',
    'A value, or a sum of values, is beyond ±9007199254740991 (2^53 - 1).',
    { hint: 'Send the profile in a coarser unit or over a shorter time.' },
  );
}

/** `a + b`; throws `value_too_large` when that is not exact. */
export function safeSum(a: number, b: number): number {
  const sum = a + b;
  if (sum > Number.MAX_SAFE_INTEGER || sum < -Number.MAX_SAFE_INTEGER) throw valueTooLarge();
  return sum;
}
