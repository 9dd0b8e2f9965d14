import { z } from 'zod';
import { labelsSchema, profileKindSchema } from './answer-parts.ts';
import { intParam, rangeQuerySchema } from './parameters.ts';

/** GET /api/v1/timeline */
export const timelineQuerySchema = rangeQuerySchema.extend({
  step: intParam(1000, 86_400_000 * 31)
    .optional()
    .describe('Bucket width in ms; chosen from the range when absent.'),
  group_by: z.string().max(128).optional(),
  limit: intParam(1, 1000)
    .default(1000)
    .describe('Largest groups to answer; what the others have together is one more group.'),
  mode: z.enum(['rate', 'total']).default('rate'),
});
export type TimelineQuery = z.infer<typeof timelineQuerySchema>;

/**
 * Totals per bucket. `values[i]` covers `[from + i*stepMs, from + (i+1)*stepMs)`; null = no profile there.
 * Interval types as `rate` are value per second of wall time (`cpu` nanoseconds become cores, see `unit`);
 * gauges are the mean level in either mode.
 */
export const timelineResponseSchema = z.object({
  type: z.string(),
  kind: profileKindSchema,
  mode: z.enum(['rate', 'total']),
  /** Unit of `values`: `cores`, `bytes`, `bytes/s`, `count`, `count/s`, `nanoseconds`, … */
  unit: z.string(),
  from: z.number(),
  to: z.number(),
  stepMs: z.number(),
  /** By value of the label; the rest comes last. */
  groups: z.array(
    z.object({
      labels: labelsSchema,
      total: z.number(),
      values: z.array(z.number().nullable()),
      /** True for the group of everything beyond `limit`, whose labels are empty. */
      rest: z.literal(true).optional(),
    }),
  ),
  /** Groups in all, before `limit`. */
  groupCount: z.number(),
});
export type TimelineResponse = z.infer<typeof timelineResponseSchema>;
