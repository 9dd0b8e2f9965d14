import { DomainError, labelPredicate, parseSelector } from '@everflame/profile';
import type { z } from 'zod';

type Matching = { readonly match: string };

/** Reports what is wrong with the matchers of a rule of retention or of a receiver, which name labels alone. */
export function reportMatchProblem<T extends Matching>({ match }: T, context: z.RefinementCtx<T>): void {
  const message = problemOfMatch(match);
  if (message !== undefined) context.addIssue({ code: 'custom', path: ['match'], message });
}

function problemOfMatch(match: string): string | undefined {
  try {
    const { profileType, matchers } = parseSelector(match);
    if (profileType !== undefined) return 'name labels only, no profile type';
    labelPredicate(matchers);
    return undefined;
  } catch (error) {
    if (error instanceof DomainError) return error.message;
    throw error;
  }
}
