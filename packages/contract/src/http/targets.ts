import { z } from 'zod';
import { labelsSchema } from './answer-parts.ts';

/** One kind of profile of one target: its last scrape. */
export const targetProfileSchema = z.object({
  /** Profile as configured: cpu, heap, allocs, block, mutex, goroutine, threadcreate, … */
  profile: z.string(),
  health: z.enum(['unknown', 'up', 'down']),
  lastScrapeAt: z.number().nullable(),
  lastDurationMs: z.number().nullable(),
  lastBytes: z.number().nullable(),
  lastError: z.object({ code: z.string(), message: z.string() }).nullable(),
  scrapes: z.number(),
  failures: z.number(),
});

/** GET /api/v1/targets */
export const targetsResponseSchema = z.object({
  targets: z.array(
    z.object({
      id: z.string(),
      /** Scrape pool: the job_name of its scrape config. */
      pool: z.string(),
      url: z.string(),
      labels: labelsSchema,
      scrapeIntervalMs: z.number(),
      /** `down` when any enabled profile is down. */
      health: z.enum(['unknown', 'up', 'down']),
      profiles: z.array(targetProfileSchema),
    }),
  ),
});
export type TargetsResponse = z.infer<typeof targetsResponseSchema>;
export type TargetProfileStatus = z.infer<typeof targetProfileSchema>;
