import { z } from 'zod';

/** Answer of POST /api/v1/profiles. */
export const pushAnswerSchema = z.object({
  accepted: z.array(
    z.object({
      /** Profile type id. */
      type: z.string(),
      /** Distinct stacks with a value that is not zero. */
      samples: z.number(),
      total: z.number(),
    }),
  ),
});
export type PushAnswer = z.infer<typeof pushAnswerSchema>;
