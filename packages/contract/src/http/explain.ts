import { z } from 'zod';
import { coverageSchema, profileKindSchema } from './answer-parts.ts';
import { intParam } from './parameters.ts';
import { sidesShape, viewShape } from './flamegraph.ts';

// Labels are weighed by kind, so functions are, too.
const { aggregate: _aggregate, ...explainedViewShape } = viewShape;

/** GET /api/v1/explain: what explains the change from left to right. */
export const explainQuerySchema = z.object({
  ...sidesShape,
  /** Of the functions; labels are those of everything. */
  ...explainedViewShape,
  limit: intParam(1, 1000).default(20).describe('Rows of each list.'),
  format: z.enum(['json', 'markdown']).default('json'),
});
export type ExplainQuery = z.infer<typeof explainQuerySchema>;

const changeShape = {
  before: z.number(),
  after: z.number(),
  /** `after - before`. */
  delta: z.number(),
  /** Part of the change of the whole that this carries; null where the whole did not change. */
  share: z.number().nullable(),
};

/** Ranked by the size of the change, largest first. Values are normalised as asked. */
export const explainResponseSchema = z.object({
  type: z.string(),
  kind: profileKindSchema,
  unit: z.string(),
  normalize: sidesShape.normalize.unwrap(),
  left: coverageSchema,
  right: coverageSchema,
  change: z.object(changeShape),
  /** Values of labels; `value` is null for all values beyond the ones listed together. */
  labels: z.array(z.object({ name: z.string(), value: z.string().nullable(), ...changeShape })),
  /** By what functions did themselves, and by what they did with everything they call. */
  self: z.array(z.object({ name: z.string(), file: z.string(), ...changeShape })),
  total: z.array(z.object({ name: z.string(), file: z.string(), ...changeShape })),
});
export type ExplainResponse = z.infer<typeof explainResponseSchema>;
