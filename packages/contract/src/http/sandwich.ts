import { z } from 'zod';
import { rangeQuerySchema } from './parameters.ts';
import { sidesShape, treeColumnsSchema, treeHeaderSchema, treeShape, viewShape } from './flamegraph.ts';

const sandwichShape = {
  ...viewShape,
  function: z
    .string()
    .min(1)
    .max(65_536)
    .describe('Name of the function, or of the line, file or package of another granularity.'),
  max_nodes: treeShape.max_nodes.describe('Of each of the two trees.'),
};

/** GET /api/v1/sandwich; with `left_query` and `right_query` it compares. */
export const sandwichQuerySchema = rangeQuerySchema.extend(sandwichShape);
export type SandwichQuery = z.infer<typeof sandwichQuerySchema>;
export const sandwichDiffQuerySchema = z.object({ ...sidesShape, ...sandwichShape });
export type SandwichDiffQuery = z.infer<typeof sandwichDiffQuerySchema>;

const cutShape = { nodes: true, cutNodes: true, truncated: true } as const;
const halfSchema = treeHeaderSchema.pick(cutShape).extend({ tree: treeColumnsSchema });

/**
 * Who calls a function and what it calls. The root of both trees is the function with its total; below it are its
 * callers (inverted), and its callees. A recursive call counts once and shows below the callees.
 */
export const sandwichResponseSchema = treeHeaderSchema.omit(cutShape).extend({
  function: z.string(),
  callers: halfSchema,
  callees: halfSchema,
});
export type SandwichResponse = z.infer<typeof sandwichResponseSchema>;
