import { DomainError, InvalidArgumentError } from '@everflame/profile';
import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';

/** Parses input from outside by a schema; throws `InvalidArgumentError` that names every wrong field. */
export function validate<T extends z.ZodType>(schema: T, input: unknown, what = 'request'): z.infer<T> {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const problems = result.error.issues
    .slice(0, 8)
    .map((issue) => (issue.path.length === 0 ? issue.message : `${issue.path.join('.')}: ${issue.message}`));
  throw new InvalidArgumentError(`Invalid ${what}: ${problems.join('; ')}.`, {
    hint: 'docs/api.md lists the parameters and their forms.',
  });
}

/** Refuses a body that is not said to be JSON: a form of a page of another site never is. */
export function requireJson({ headers }: FastifyRequest): void {
  if (headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase() !== 'application/json') {
    throw new DomainError('unsupported', 'json_required', 'The body has to be JSON.', {
      hint: 'Send it with content-type: application/json.',
    });
  }
}
