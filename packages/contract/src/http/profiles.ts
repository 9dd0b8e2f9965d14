import { z } from 'zod';
import { labelsSchema } from './answer-parts.ts';
import { intParam, rangeQuerySchema } from './parameters.ts';
import { flamegraphQuerySchema } from './flamegraph.ts';

/** GET /api/v1/profiles: single profiles of a selector with a profile type, newest first. */
export const profilesQuerySchema = rangeQuerySchema.extend({ limit: intParam(1, 1000).default(100) });
export type ProfilesQuery = z.infer<typeof profilesQuerySchema>;

export const profilesResponseSchema = z.object({
  type: z.string(),
  unit: z.string(),
  profiles: z.array(
    z.object({
      /** For GET /api/v1/profiles/{id}. */
      id: z.string(),
      /** Unix ms. */
      time: z.number(),
      /** 0 where unknown. */
      durationMs: z.number(),
      total: z.number(),
      labels: labelsSchema,
    }),
  ),
  /** Whether there are more than `limit`. */
  truncated: z.boolean(),
});
export type ProfilesResponse = z.infer<typeof profilesResponseSchema>;

/** GET /api/v1/profiles/{id}: one profile in every format of a flame graph. */
export const profileQuerySchema = flamegraphQuerySchema.omit({
  query: true,
  from: true,
  to: true,
  tagfocus: true,
  tagignore: true,
  aggregate: true,
});
export type ProfileQuery = z.infer<typeof profileQuerySchema>;
