import { labelPredicate, parseSelector } from '@everflame/profile';
import type { z } from 'zod';
import { problemOf } from './units.ts';

/** Reports what is wrong with the matchers of a rule of retention or of a receiver, which name labels alone. */
export function reportMatchProblem<T extends { readonly match: string }>(
  { match }: T,
  context: z.RefinementCtx<T>,
): void {
  const message = problemOf(() => {
    const { profileType, matchers } = parseSelector(match);
    if (profileType !== undefined) return 'name labels only, no profile type';
    labelPredicate(matchers);
    return undefined;
  });
  if (message !== undefined) context.addIssue({ code: 'custom', path: ['match'], message });
}
