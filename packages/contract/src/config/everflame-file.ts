import { z } from 'zod';
import { labelsSchema } from '../http/common.ts';

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const UNIT_BYTES: Readonly<Record<string, number>> = {
  '': 1,
  B: 1,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
};

/** `500ms`, `15s`, `10m`, `1h`, `2d` -> milliseconds, within bounds. */
function durationSchema(minMs: number, maxMs: number): z.ZodType<number, string> {
  return z
    .string()
    .regex(/^\d+(\.\d+)?(ms|s|m|h|d)$/, 'write a duration such as 15s, 10m or 1h')
    .transform((text) => Number.parseFloat(text) * (UNIT_MS[text.replace(/[\d.]+/, '')] ?? Number.NaN))
    .pipe(z.number().min(minMs, `at least ${minMs} ms`).max(maxMs, `at most ${maxMs} ms`));
}

/** `20MiB`, `1GB` or a plain number -> bytes (or whatever the unit of the profile type is). */
const amountSchema = z.union([
  z.number().positive(),
  z
    .string()
    .regex(/^\d+(\.\d+)?(B|KiB|MiB|GiB|KB|MB|GB)?$/, 'write an amount such as 20MiB or 1000')
    .transform((text) => Number.parseFloat(text) * (UNIT_BYTES[text.replace(/[\d.]+/, '')] ?? Number.NaN)),
]);

/** One kind of profile to scrape. What is left out keeps the default of that name (cpu, heap, …). */
export const scrapeProfileSchema = z.strictObject({
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

export const scrapeConfigSchema = z.strictObject({
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

export const fileRuleSchema = z.strictObject({
  name: z.string().min(1).max(128),
  query: z.string().min(1).max(8192),
  group_by: z.array(z.string().max(128)).min(1).max(8).default(['service_name']),
  window: durationSchema(10_000, 7 * 86_400_000).default(600_000),
  min_growth: amountSchema,
  min_growth_ratio: z.number().min(0).max(1000).default(0.1),
  for: durationSchema(0, 86_400_000).default(0),
  evaluate_every: durationSchema(1000, 3_600_000).default(15_000),
  webhook_url: z
    .url({ protocol: /^https?$/ })
    .max(2048)
    .optional(),
});
export type FileRule = z.infer<typeof fileRuleSchema>;

/** Dictionary rows expire after 450 days, so nothing that needs them may be kept much longer than this. */
const MAX_RETENTION_DAYS = 400;
/** Every number of days is a class with partitions of its own for each day, which an insert has to split its rows by. */
const MAX_RETENTION_CLASSES = 8;

/** How long the series with these labels are kept. The first rule that matches a series counts. */
export const retentionRuleSchema = z
  .strictObject({
    /** Matchers in braces, such as {env="dev"}. */
    match: z.string().min(2).max(8192),
    /** Days that profiles are kept. */
    days: z.number().int().min(1).max(MAX_RETENTION_DAYS),
    /** Days that their rollups are kept. */
    rollup_days: z.number().int().min(1).max(MAX_RETENTION_DAYS).default(MAX_RETENTION_DAYS),
  })
  .refine((rule) => rule.rollup_days >= rule.days, {
    path: ['rollup_days'],
    message: 'rollups must be kept at least as long as the profiles they are made of',
  });
export type RetentionRule = z.infer<typeof retentionRuleSchema>;

function countDistinct(values: readonly number[]): number {
  return new Set(values).size;
}

const retentionSchema = z
  .array(retentionRuleSchema)
  .max(64)
  .refine(
    (rules) => countDistinct(rules.map((rule) => rule.days)) <= MAX_RETENTION_CLASSES,
    `there can be ${MAX_RETENTION_CLASSES} different values of days, because each has partitions of its own`,
  )
  .refine(
    (rules) => countDistinct(rules.map((rule) => rule.rollup_days)) <= MAX_RETENTION_CLASSES,
    `there can be ${MAX_RETENTION_CLASSES} different values of rollup_days, because each has partitions of its own`,
  );

function hasUniqueNames(names: readonly string[]): boolean {
  return new Set(names).size === names.length;
}

/** `everflame.yaml`. Durations are milliseconds and amounts plain numbers after parsing. */
export const everflameFileSchema = z.strictObject({
  scrape_configs: z
    .array(scrapeConfigSchema)
    .refine((configs) => hasUniqueNames(configs.map((config) => config.job_name)), 'job_name must be unique')
    .default([]),
  rules: z
    .array(fileRuleSchema)
    .refine((rules) => hasUniqueNames(rules.map((rule) => rule.name)), 'rule names must be unique')
    .default([]),
  retention: retentionSchema.default([]),
});
export type EverflameFile = z.infer<typeof everflameFileSchema>;
