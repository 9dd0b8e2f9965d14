import { DIFF_EXPORT_FORMATS, EXPORT_FORMATS } from '@everflame/flamegraph';
import { z } from 'zod';
import { coverageSchema, profileKindSchema } from './answer-parts.ts';
import { flagParam, intParam, queryParamSchema, rangeQuerySchema, timeParamSchema } from './parameters.ts';

const regexParam = z.string().max(1024).optional();
const transformShape = {
  focus: regexParam.describe('Keep stacks with a matching frame.'),
  ignore: regexParam.describe('Drop stacks with a matching frame.'),
  hide: regexParam.describe('Drop matching frames, keep what they call.'),
  show_from: regexParam.describe('Drop what is above (towards the root of) the first matching frame.'),
};

/** What is merged, and how its stacks are seen. Shared by everything that shows stacks. */
export const viewShape = {
  ...transformShape,
  tagfocus: regexParam.describe(
    'Keep series with a matching label: `key=regex,regex`, or regular expressions over `key:value`.',
  ),
  tagignore: regexParam.describe('Drop series with a matching label.'),
  granularity: z
    .enum(['function', 'line', 'file', 'package'])
    .default('function')
    .describe('What a node is.'),
  aggregate: z
    .enum(['kind', 'sum'])
    .default('kind')
    .describe("`kind`: gauges are averaged; `sum`: everything adds up, as pprof's merge does."),
};

export const MAX_NODES_DEFAULT = 16_384;
export const MAX_NODES_LIMIT = 1_000_000;

/** Trees: the shared view, inverted or not, cut to `max_nodes`. */
export const treeShape = {
  ...viewShape,
  invert: flagParam.describe('Functions with values of their own at the root, their callers below.'),
  max_nodes: intParam(1, MAX_NODES_LIMIT).default(MAX_NODES_DEFAULT),
  root: z
    .string()
    .max(65_536)
    .optional()
    .describe('Path of function names, root first, as a JSON array; the answer is the subtree below it.'),
};

/** Formats of a cut tree; the others are exports of everything. */
export const TREE_FORMATS = ['columns', 'json'] as const;

/** GET /api/v1/flamegraph */
export const flamegraphQuerySchema = rangeQuerySchema.extend({
  ...treeShape,
  format: z.enum([...TREE_FORMATS, ...EXPORT_FORMATS]).default('json'),
});
export type FlamegraphQuery = z.infer<typeof flamegraphQuerySchema>;

/** Two selectors and ranges side by side; left is before, right is after. */
export const sidesShape = {
  left_query: queryParamSchema,
  left_from: timeParamSchema.optional(),
  left_to: timeParamSchema.optional(),
  right_query: queryParamSchema,
  right_from: timeParamSchema.optional(),
  right_to: timeParamSchema.optional(),
  normalize: z
    .enum(['instance_seconds', 'share', 'none'])
    .default('none')
    .describe("Scale of both sides: per second of one series, share of each side's total, or as they are."),
};

/** GET /api/v1/flamegraph/diff; left is before, right is after. */
export const diffQuerySchema = z.object({
  ...sidesShape,
  ...treeShape,
  format: z.enum([...TREE_FORMATS, ...DIFF_EXPORT_FORMATS]).default('json'),
});
export type DiffQuery = z.infer<typeof diffQuerySchema>;

const topShape = {
  ...viewShape,
  limit: intParam(1, 100_000).default(500),
  sort: z.enum(['self', 'total']).default('self'),
  format: z.enum(['json', 'csv', 'markdown']).default('json'),
};

/** GET /api/v1/top; with `left_query` and `right_query` it compares. */
export const topQuerySchema = rangeQuerySchema.extend(topShape);
export type TopQuery = z.infer<typeof topQuerySchema>;
export const topDiffQuerySchema = z.object({ ...sidesShape, ...topShape });
export type TopDiffQuery = z.infer<typeof topDiffQuerySchema>;

/**
 * The merged call tree as columns, depth first (parent before child, children by name). Arrays are parallel.
 * `cut[i] > 0` marks a stand-in for that many nodes that were cut below its parent; its name is index 0 (empty).
 */
export const treeColumnsSchema = z.object({
  /** Function names; index 0 is the empty string (root and cut stand-ins). */
  names: z.array(z.string()),
  /** Source file per name, '' where unknown. */
  files: z.array(z.string()),
  level: z.array(z.number()),
  name: z.array(z.number()),
  self: z.array(z.number()),
  total: z.array(z.number()),
  /** Right side of a diff. */
  selfRight: z.array(z.number()).optional(),
  totalRight: z.array(z.number()).optional(),
  cut: z.array(z.number()),
});

export const treeHeaderSchema = z.object({
  type: z.string(),
  kind: profileKindSchema,
  unit: z.string(),
  /** `none` unless a diff asked for it; `unit` is that of the normalised values. */
  normalize: z.enum(['instance_seconds', 'share', 'none']),
  left: coverageSchema,
  right: coverageSchema.optional(),
  /** Why nothing matches, where a side has no profiles. */
  notice: z.string().optional(),
  /** Nodes of the whole tree, before the cut. */
  nodes: z.number(),
  /** Nodes that were cut. */
  cutNodes: z.number(),
  truncated: z.boolean(),
});
export type TreeHeader = z.infer<typeof treeHeaderSchema>;

export const flamegraphResponseSchema = treeHeaderSchema.extend({ tree: treeColumnsSchema });
export type FlamegraphResponse = z.infer<typeof flamegraphResponseSchema>;

/** GET /api/v1/top */
export const topResponseSchema = treeHeaderSchema
  .omit({ nodes: true, cutNodes: true, truncated: true })
  .extend({
    functions: z.array(
      z.object({
        name: z.string(),
        file: z.string(),
        self: z.number(),
        /** With recursion counted once. */
        total: z.number(),
        selfRight: z.number().optional(),
        totalRight: z.number().optional(),
      }),
    ),
    /** Functions in all, before `limit`. */
    functionCount: z.number(),
  });
export type TopResponse = z.infer<typeof topResponseSchema>;
