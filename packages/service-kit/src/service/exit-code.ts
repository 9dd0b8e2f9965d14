import { DomainError } from '@everflame/profile';

/** Exit codes of a service: what supervises it starts it again after the first and not after the second. */
export const EXIT_CODES = { failed: 1, unmendable: 2 } as const;

/** Of a database that a newer or another program has set up. */
const SCHEMA_CODES: ReadonlySet<string> = new Set(['schema_too_new', 'schema_mismatch']);

/** Whether the same program with the same settings may succeed where it failed with `error`. */
export function isMendedByRestart(error: unknown): boolean {
  if (!(error instanceof DomainError)) return true;
  return error.kind !== 'invalid' && !SCHEMA_CODES.has(error.code);
}
