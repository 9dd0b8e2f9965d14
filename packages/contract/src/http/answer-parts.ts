import { PROFILE_KINDS } from '@everflame/profile';
import { z } from 'zod';

/** Every error of every HTTP interface. `code` is stable and listed in docs/api.md. */
export const errorBodySchema = z.object({
  error: z.object({
    code: z.string(),
    message: z.string(),
    hint: z.string().optional(),
    requestId: z.string(),
  }),
});

/** Label set as a plain object; names sorted. */
export const labelsSchema = z.record(z.string(), z.string());

export const profileKindSchema = z.enum(PROFILE_KINDS);

/** What one side of an answer covers. */
export const coverageSchema = z.object({
  query: z.string(),
  from: z.number(),
  to: z.number(),
  /** Profiles merged. */
  profiles: z.number(),
  /** Distinct series among them. */
  series: z.number(),
  /** Seconds of profiling that the profiles cover, summed over series. */
  instanceSeconds: z.number(),
  /** Total before normalisation. */
  total: z.number(),
  /** False when a value exceeds 2^53, where the nearest double stands for it. */
  exact: z.boolean(),
  /** Profiles of this type left out because most have another kind (see Kinds of values in docs/api.md). */
  otherKindProfiles: z.number(),
  /** Stacks of which frames are not known any more, with their value before normalisation; only where there are any. */
  unresolved: z.object({ stacks: z.number(), value: z.number() }).optional(),
});
export type Coverage = z.infer<typeof coverageSchema>;
