import { z } from 'zod';

/** GET /api/v1/lost-stacks: what of a range cannot be resolved. */
export const lostStacksResponseSchema = z.object({
  /** Unix ms, inclusive. */
  from: z.number(),
  /** Unix ms, exclusive. */
  to: z.number(),
  /** By service, type and level. */
  lost: z.array(
    z.object({
      /** What is affected: single profiles, or rollups of hours or days. */
      level: z.enum(['profile', 'hour', 'day']),
      type: z.string(),
      service: z.string(),
      /** Times of the first and last of them, Unix ms. */
      first: z.number(),
      last: z.number(),
      /** Profiles, or rollups, with such a stack. */
      rows: z.number(),
      /** Distinct stacks that are not stored. */
      missingStacks: z.number(),
      /** Distinct stacks that are stored, of which a frame is not. */
      brokenStacks: z.number(),
      /** What these stacks hold, in the unit of the type. */
      value: z.number(),
    }),
  ),
  /** Missing stacks that another service has, so that they can be restored, counted per service. */
  restorable: z.number(),
  /** Whether `restorable` was counted among the first 10,000 missing stacks alone. */
  truncated: z.boolean(),
});
export type LostStacksResponse = z.infer<typeof lostStacksResponseSchema>;

/** Answer of POST /api/v1/lost-stacks/restore: stacks that were stored again. */
export const restoreResponseSchema = z.object({ restored: z.number() });
export type RestoreResponse = z.infer<typeof restoreResponseSchema>;
