import { ClickHouseError } from '@clickhouse/client';
import { DomainError, InvalidSelectorError, UnavailableError } from '@everflame/profile';
import { cancelled } from './shared-reads.ts';

/** What says that the connection failed and not the server. */
const LOST_CODE = /^(E[A-Z_]+|UND_ERR_[A-Z_]+)$/;
const LOST_MESSAGE = /timeout error|socket hang up|aborted/i;
const SHORTER_RANGE = 'Ask for a shorter range or narrow the selector.';

/** What a query had too much of, by the code that it was stopped with. */
const EXCEEDED: Readonly<Record<string, string>> = {
  '158': 'rows to read',
  '241': 'memory',
  '307': 'bytes to read',
  '396': 'rows or bytes in its answer',
};

/**
 * What failures of a server become, by their codes:
 * https://github.com/ClickHouse/ClickHouse/blob/master/src/Common/ErrorCodes.cpp
 */
const FAILURES: readonly (readonly [codes: readonly string[], (cause: ClickHouseError) => DomainError])[] = [
  [
    ['158', '191', '241', '307', '396'],
    (cause) => {
      const message = `The query needs more ${EXCEEDED[cause.code] ?? 'work'} than it may.`;
      return new DomainError('too_large', 'query_too_expensive', message, { hint: SHORTER_RANGE, cause });
    },
  ],
  [
    ['159', '160'],
    (cause) =>
      new DomainError('timeout', 'query_timeout', 'The query took too long.', { hint: SHORTER_RANGE, cause }),
  ],
  [['394'], cancelled],
  [
    ['202', '252'],
    (cause) =>
      new DomainError('exhausted', 'storage_overloaded', 'ClickHouse cannot take more work now.', { cause }),
  ],
  [
    ['209', '210', '236', '242', '243', '279', '439', '999'],
    (cause) => unavailable(`ClickHouse cannot serve this now (${cause.type})`, cause),
  ],
  [
    ['192', '193', '194', '516'],
    (cause) => unavailable('ClickHouse refused the user or the password.', cause),
  ],
  [['115'], (cause) => unavailable('ClickHouse is too old: 26.2 or newer is needed.', cause)],
  [
    ['60', '81'],
    (cause) => new UnavailableError('schema_missing', 'The database has not been set up yet.', { cause }),
  ],
  [
    ['427'],
    () =>
      new InvalidSelectorError(
        'A regular expression in the selector cannot be compiled.',
        'Regular expressions are RE2: no backreferences and no lookaround.',
      ),
  ],
];

function unavailable(message: string, cause: Error): UnavailableError {
  return new UnavailableError('storage_unavailable', message, { cause });
}

/** Turns what the ClickHouse client throws into a `DomainError` where a caller can act on it; the rest stays as it is. */
export function toStorageError(error: unknown): unknown {
  if (error instanceof ClickHouseError) {
    return FAILURES.find(([codes]) => codes.includes(error.code))?.[1](error) ?? error;
  }
  if (!(error instanceof Error)) return error;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const isLost = LOST_CODE.test(code) || LOST_MESSAGE.test(error.message);
  return isLost ? unavailable(`ClickHouse does not answer (${code || error.message})`, error) : error;
}

// Failures of the server itself, which the rows have no part in: files, memory, sockets, replicas, what it cannot name.
const SERVER_FAILURES = new Set(
  '74 75 76 77 87 88 95 96 99 107 173 198 225 285 286 297 319 341 387 425 499 594 668 1000 1001 1002'.split(
    ' ',
  ),
);

/** Whether an insert failed because ClickHouse refused what was sent, and not because it is away, busy or broken. */
export function isRowsRefusal(error: unknown): boolean {
  return error instanceof ClickHouseError && !SERVER_FAILURES.has(error.code);
}
