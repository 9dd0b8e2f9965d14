import { z } from 'zod';
import { labelsSchema, profileKindSchema } from './answer-parts.ts';

/** GET /api/v1/profile-types */
export const profileTypesResponseSchema = z.object({
  profileTypes: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      sampleType: z.string(),
      sampleUnit: z.string(),
      periodType: z.string(),
      periodUnit: z.string(),
      kind: profileKindSchema,
    }),
  ),
});
export type ProfileTypesResponse = z.infer<typeof profileTypesResponseSchema>;

/** GET /api/v1/labels; `truncated` when there are more than `limit`, here and below. */
export const labelNamesResponseSchema = z.object({ names: z.array(z.string()), truncated: z.boolean() });
export type LabelNamesResponse = z.infer<typeof labelNamesResponseSchema>;

/** GET /api/v1/labels/{name}/values */
export const labelValuesResponseSchema = z.object({ values: z.array(z.string()), truncated: z.boolean() });
export type LabelValuesResponse = z.infer<typeof labelValuesResponseSchema>;

/** GET /api/v1/series */
export const seriesResponseSchema = z.object({
  series: z.array(z.object({ type: z.string(), kind: profileKindSchema, labels: labelsSchema })),
  truncated: z.boolean(),
});
export type SeriesResponse = z.infer<typeof seriesResponseSchema>;

/** GET /api/v1/services: every service with profiles in the range; the previous range is as long and ends where it starts. */
export const servicesResponseSchema = z.object({
  from: z.number(),
  to: z.number(),
  services: z.array(
    z.object({
      name: z.string(),
      types: z.array(
        z.object({
          id: z.string(),
          kind: profileKindSchema,
          /** Interval: sum over the range. Gauge: mean per series, summed over series. */
          total: z.number(),
          /** The same for the previous range; null when it has no profiles. */
          previousTotal: z.number().nullable(),
          /**
           * Interval: value per second of the whole service while it was profiled (per minute, series added up, then
           * the mean over minutes), so missing scrapes and short recordings do not change it. Others: the same as total.
           */
          rate: z.number(),
          previousRate: z.number().nullable(),
          profiles: z.number(),
          series: z.number(),
        }),
      ),
      versions: z.array(z.object({ version: z.string(), firstSeen: z.number(), lastSeen: z.number() })),
      instances: z.number(),
      /** Time of the newest profile, Unix ms. */
      lastSeen: z.number(),
    }),
  ),
});
export type ServicesResponse = z.infer<typeof servicesResponseSchema>;
