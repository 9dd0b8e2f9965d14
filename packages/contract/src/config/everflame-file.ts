import { z } from 'zod';
import { retentionSchema } from './retention.ts';
import { fileReceiversSchema, fileRulesSchema } from './rules.ts';
import { scrapeConfigsSchema } from './scrape.ts';

/** `everflame.yaml`. Durations are milliseconds and amounts plain numbers after parsing. */
export const everflameFileSchema = z.strictObject({
  scrape_configs: scrapeConfigsSchema,
  rules: fileRulesSchema,
  receivers: fileReceiversSchema,
  retention: retentionSchema,
});
export type EverflameFile = z.infer<typeof everflameFileSchema>;
