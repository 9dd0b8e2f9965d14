import { DomainError } from '@everflame/profile';
import { z } from 'zod';

/** The settings of a process are wrong; the message lists every problem at once. */
export class InvalidConfigError extends DomainError {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    const message = `Invalid settings:\n${problems.map((problem) => `  ${problem}`).join('\n')}`;
    super('invalid', 'invalid_config', message, {
      hint: 'docs/settings.md lists every setting with its default.',
    });
    this.problems = problems;
  }
}

/** Reads settings from environment variables by a zod object schema; empty variables count as absent. */
export function readEnv<T extends z.ZodType>(
  schema: T,
  env: Readonly<Record<string, string | undefined>>,
): z.infer<T> {
  const present = Object.fromEntries(
    Object.entries(env).filter(([, value]) => value !== undefined && value !== ''),
  );
  const result = schema.safeParse(present);
  if (!result.success) {
    throw new InvalidConfigError(
      result.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`),
    );
  }
  return result.data;
}

export const portSchema = z.coerce.number().int().min(0).max(65_535);
export const positiveIntSchema = z.coerce.number().int().min(1);
export const flagSchema = z
  .enum(['true', 'false', '1', '0'])
  .transform((text) => text === 'true' || text === '1');
