import { LABEL_INSTANCE, LABEL_SERVICE_NAME, LabelSet, validateLabels } from '@everflame/profile';
import { z } from 'zod';
import { labelsSchema } from '../http/answer-parts.ts';
import { reportProfileProblems, scrapeProfileSchema } from './scrape-profiles.ts';
import { durationSchema, problemOf } from './units.ts';

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

/** The labels that a target has before it is relabelled: those of its group, over those that follow from where it was found. */
export function discoveredLabels(
  pool: string,
  address: string,
  labels: Readonly<Record<string, string>>,
): LabelSet {
  return LabelSet.of({ [LABEL_SERVICE_NAME]: pool, [LABEL_INSTANCE]: address, job: pool, ...labels });
}

function reportProblems(config: ScrapeConfig, context: z.RefinementCtx<ScrapeConfig>): void {
  reportProfileProblems(config, (path, message) =>
    context.addIssue({ code: 'custom', path: [...path], message }),
  );
  for (const [index, { targets, labels }] of config.static_configs.entries()) {
    const all = discoveredLabels(config.job_name, targets[0] ?? '', labels);
    const message = problemOf(() => validateLabels(all));
    if (message === undefined) continue;
    context.addIssue({ code: 'custom', path: ['static_configs', index, 'labels'], message });
  }
}

/** `scrape_configs` of `everflame.yaml`. */
export const scrapeConfigsSchema = z
  .array(scrapeConfigSchema.superRefine(reportProblems))
  .refine(
    (configs) => new Set(configs.map(({ job_name }) => job_name)).size === configs.length,
    'job_name must be unique',
  )
  .default([]);
