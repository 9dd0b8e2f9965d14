import { z } from 'zod';
import { queryParamSchema, timeParamSchema } from './parameters.ts';

/** As in queries, or Unix ms as a number. */
const timeSchema = z.union([timeParamSchema, z.number().int().min(0)]);

const rangeShape = {
  /** Matchers, with or without a profile type; `{}` is everything. */
  query: queryParamSchema.min(1),
  from: timeSchema,
  to: timeSchema,
};

/** Body of POST /api/v1/delete/preview, and of /api/v1/lost-stacks/restore */
export const deletionPreviewRequestSchema = z.strictObject(rangeShape);
export type DeletionPreviewRequest = z.infer<typeof deletionPreviewRequestSchema>;

/** Body of POST /api/v1/delete: query, from and to as the preview answered them, with its token. */
export const deletionRequestSchema = z.strictObject({ ...rangeShape, token: z.string().min(1).max(256) });
export type DeletionRequest = z.infer<typeof deletionRequestSchema>;

const deletionShape = {
  query: z.string(),
  /** Unix ms, inclusive. */
  from: z.number(),
  /** Unix ms, exclusive. */
  to: z.number(),
  profiles: z.number(),
  /** Pairs of a profile type and a label set. */
  series: z.number(),
  services: z.number(),
  /** The first 20, by name. */
  serviceNames: z.array(z.string()),
  /** Distinct hours of rollups. */
  hours: z.number(),
  /** Rows of rollups: a series in an hour, a series in a day. */
  hourRows: z.number(),
  dayRows: z.number(),
  /** About what it takes on disk. */
  bytes: z.number(),
  /** First and last time that has something to remove, Unix ms; null where nothing has. */
  first: z.number().nullable(),
  last: z.number().nullable(),
  /** Starts of hours at the ends of the range that stay, because only rollups of the whole hour are left, Unix ms. */
  keptHours: z.array(z.number()),
};

/** Answer of POST /api/v1/delete/preview */
export const deletionPreviewSchema = z.object({
  ...deletionShape,
  /** To be sent with the deletion. */
  token: z.string(),
  /** When the token expires, Unix ms. */
  expires: z.number(),
});
export type DeletionPreviewResponse = z.infer<typeof deletionPreviewSchema>;

/** Answer of POST /api/v1/delete: what was removed. */
export const deletionResponseSchema = z.object(deletionShape);
export type DeletionResponse = z.infer<typeof deletionResponseSchema>;
