import { z } from 'zod';
import { labelsSchema } from '../http/answer-parts.ts';
import { durationSchema } from './units.ts';

/** One kind of profile to scrape. What is left out keeps the default of that name (cpu, heap, …). */
const scrapeProfileSchema = z.strictObject({
  enabled: z.boolean().optional(),
  /** Path on the target, such as /debug/pprof/heap. */
  path: z.string().startsWith('/').max(2048).optional(),
  /** Profile name of the stored profile type, such as process_cpu or memory. */
  profile_name: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]*$/)
    .max(64)
    .optional(),
  /** Length of the recording for profiles that take time (adds ?seconds=). */
  seconds: z.number().int().min(1).max(120).optional(),
  /** Turn cumulative sample types into deltas between scrapes. */
  delta: z.boolean().optional(),
  /** Store only these sample types; all when absent. */
  keep_sample_types: z.array(z.string().max(64)).min(1).max(16).optional(),
});
export type ScrapeProfile = z.infer<typeof scrapeProfileSchema>;

const targetAddress = z
  .string()
  .regex(/^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9_.-]+):\d{1,5}$/, 'write host:port, such as 127.0.0.1:6060');

const scrapeConfigSchema = z.strictObject({
  /** Name of the scrape pool. */
  job_name: z.string().min(1).max(128),
  scrape_interval: durationSchema(1000, 3_600_000).default(15_000),
  scrape_timeout: durationSchema(500, 3_600_000).optional(),
  scheme: z.enum(['http', 'https']).default('http'),
  static_configs: z
    .array(z.strictObject({ targets: z.array(targetAddress).min(1), labels: labelsSchema.default({}) }))
    .min(1),
  profiles: z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_-]*$/), scrapeProfileSchema).default({}),
});
export type ScrapeConfig = z.infer<typeof scrapeConfigSchema>;

/** `scrape_configs` of `everflame.yaml`. */
export const scrapeConfigsSchema = z
  .array(scrapeConfigSchema)
  .refine(
    (configs) => new Set(configs.map(({ job_name }) => job_name)).size === configs.length,
    'job_name must be unique',
  )
  .default([]);
