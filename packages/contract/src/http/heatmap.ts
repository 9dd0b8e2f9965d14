import { z } from 'zod';
import { profileKindSchema } from './answer-parts.ts';
import { intParam, rangeQuerySchema } from './parameters.ts';

/** GET /api/v1/heatmap */
export const heatmapQuerySchema = rangeQuerySchema.extend({
  columns: intParam(1, 500).default(100).describe('Columns over time.'),
  rows: intParam(1, 100).default(20).describe('Rows over values.'),
  scale: z.enum(['linear', 'log']).default('linear'),
});
export type HeatmapQuery = z.infer<typeof heatmapQuerySchema>;

/**
 * How many profiles had a value within each row, over time. The value of an interval profile is its total per second
 * of its duration (`cores` for time), of any other its total.
 */
export const heatmapResponseSchema = z.object({
  type: z.string(),
  kind: profileKindSchema,
  unit: z.string(),
  from: z.number(),
  to: z.number(),
  stepMs: z.number(),
  scale: z.enum(['linear', 'log']),
  /** Borders of the rows, ascending, one more than there are rows; empty without profiles. */
  edges: z.array(z.number()),
  /** `counts[column][row]`. */
  counts: z.array(z.array(z.number())),
  profiles: z.number(),
  /** Profiles of an interval type without a duration, which have no rate and are in no cell. */
  withoutDuration: z.number(),
  /** Profiles left out because most have another kind. */
  otherKindProfiles: z.number(),
});
export type HeatmapResponse = z.infer<typeof heatmapResponseSchema>;
