import { DomainError } from '@everflame/profile';
import { z } from 'zod';

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const UNIT_BYTES: Readonly<Record<string, number>> = {
  '': 1,
  B: 1,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
};

/** `500ms`, `15s`, `10m`, `1h`, `2d` -> milliseconds, within bounds. */
export function durationSchema(minMs: number, maxMs: number): z.ZodType<number, string> {
  return z
    .string()
    .regex(/^\d+(\.\d+)?(ms|s|m|h|d)$/, 'write a duration such as 15s, 10m or 1h')
    .transform((text) => Number.parseFloat(text) * (UNIT_MS[text.replace(/[\d.]+/, '')] ?? Number.NaN))
    .pipe(z.number().min(minMs, `at least ${minMs} ms`).max(maxMs, `at most ${maxMs} ms`));
}

/** `20MiB`, `1GB` or a plain number -> bytes (or whatever the unit of the profile type is). */
export const amountSchema = z.union([
  z.number().positive(),
  z
    .string()
    .regex(/^\d+(\.\d+)?(B|KiB|MiB|GiB|KB|MB|GB)?$/, 'write an amount such as 20MiB or 1000')
    .transform((text) => Number.parseFloat(text) * (UNIT_BYTES[text.replace(/[\d.]+/, '')] ?? Number.NaN)),
]);

/** Returns what `check` finds wrong: the text that it returns, or that of the `DomainError` that it throws. */
export function problemOf(check: () => string | undefined | void): string | undefined {
  try {
    return check() ?? undefined;
  } catch (error) {
    if (error instanceof DomainError) return error.message;
    throw error;
  }
}
