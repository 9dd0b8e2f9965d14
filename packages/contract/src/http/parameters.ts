import { z } from 'zod';

/** A point in time in a query. */
export const timeParamSchema = z
  .string()
  .min(1)
  .max(64)
  .describe('Unix ms, RFC 3339, or now, now-1h (ms, s, m, h, d, w).');

export const queryParamSchema = z
  .string()
  .max(8192)
  .describe('A profile type id with matchers in braces, or matchers alone where no type is needed.');

/** A whole number within bounds, given as text. */
export function intParam(min: number, max: number): z.ZodType<number, string | number> {
  return z
    .union([z.string().regex(/^-?\d{1,15}$/), z.number()])
    .transform(Number)
    .pipe(z.number().int().min(min).max(max))
    .meta({ [PARAM]: { type: 'integer', minimum: min, maximum: max } });
}

/** Under this key a schema says how its parameter is documented, where what it takes as text says less. */
export const PARAM = 'param';

const rangeShape = { from: timeParamSchema.optional(), to: timeParamSchema.optional() };

/** `query`, `from`, `to`; the default range is the last hour. */
export const rangeQuerySchema = z.object({ query: queryParamSchema.default('{}'), ...rangeShape });
export type RangeQuery = z.infer<typeof rangeQuerySchema>;

/** The same with the most items to answer. */
export const discoveryQuerySchema = rangeQuerySchema.extend({ limit: intParam(1, 10_000).default(10_000) });

/** `true` or `false`; absent is false. */
export const flagParam = z
  .union([z.enum(['true', 'false']).transform((text) => text === 'true'), z.boolean()])
  .meta({ [PARAM]: { type: 'boolean' } })
  .default(false);
