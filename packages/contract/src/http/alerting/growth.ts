import { z } from 'zod';
import { queryParamSchema } from '../parameters.ts';

/** What a growth rule has that leaves it out, in the API, in everflame.yaml and in the dashboard's form alike. */
export const GROWTH_DEFAULTS = { groupBy: ['service_name'], windowMs: 600_000, minGrowthRatio: 0.1 };

/** A growth rule fires when a gauge of one service grows by `minGrowth` (unit of the type) within the window and keeps growing. */
export const growthSettingsSchema = z.object({
  /** Gauge profile type with matchers, such as memory:inuse_space:bytes:space:bytes{env="prod"}. */
  query: queryParamSchema.min(1),
  /** Series are summed and judged per distinct value set of these labels. */
  groupBy: z.array(z.string().max(128)).min(1).max(8).default(GROWTH_DEFAULTS.groupBy),
  windowMs: z
    .number()
    .int()
    .min(10_000)
    .max(7 * 86_400_000),
  /** Least growth over the window that fires, in the unit of the type (bytes). */
  minGrowth: z.number().positive(),
  /** Least growth relative to the value at the start of the window; 0.2 = 20 %. */
  minGrowthRatio: z.number().min(0).max(1000).default(GROWTH_DEFAULTS.minGrowthRatio),
});
export type GrowthSettings = z.infer<typeof growthSettingsSchema>;

export const grownFunctionSchema = z.object({
  name: z.string(),
  file: z.string(),
  /** Self values at the start and the end of the comparison. */
  before: z.number(),
  after: z.number(),
});

/** What an alert of a growth rule says beyond what every alert says. */
export const growthDetailsSchema = z.object({
  type: z.string(),
  unit: z.string(),
  /** When the growth began, Unix ms. */
  since: z.number(),
  /** Value when growth began and now. */
  valueBefore: z.number(),
  valueNow: z.number(),
  growthPerHour: z.number(),
  /** Functions by growth of their self value, largest first. */
  grownFunctions: z.array(grownFunctionSchema),
  /** Dashboard link to the diff flame graph of before and now. */
  diffUrl: z.string(),
});
