import { z } from 'zod';
import { intParam, labelsSchema, profileKindSchema, rangeQuerySchema } from './common.ts';

/** GET /api/v1/timeline */
export const timelineQuerySchema = rangeQuerySchema.extend({
  /** Bucket width in ms; chosen from the range when absent. */
  step: intParam(1000, 86_400_000 * 31).optional(),
  group_by: z.string().max(128).optional(),
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
  groups: z.array(
    z.object({ labels: labelsSchema, total: z.number(), values: z.array(z.number().nullable()) }),
  ),
});
export type TimelineResponse = z.infer<typeof timelineResponseSchema>;
