import { ClickHouseError } from '@clickhouse/client';
import { DomainError, InvalidSelectorError, UnavailableError } from '@everflame/profile';
import { cancelled } from './shared-reads.ts';

const SHORTER_RANGE = 'Ask for a shorter range or narrow the selector.';

// Codes: https://github.com/ClickHouse/ClickHouse/blob/master/src/Common/ErrorCodes.cpp
const TOO_EXPENSIVE = new Set(['158', '191', '241', '307', '396']);
const TIMED_OUT = new Set(['159', '160']);
const OVERLOADED = new Set(['202', '252']);
const UNAVAILABLE = new Set(['209', '210', '236', '242', '243', '279', '439', '999']);
const REFUSED_LOGIN = new Set(['192', '193', '194', '516']);
const MISSING_SCHEMA = new Set(['60', '81']);
const UNKNOWN_SETTING = '115';
const CANNOT_COMPILE_REGEXP = '427';
const CANCELLED = '394';
/** What a query had too much of, by the code that it was stopped with. */
const EXCEEDED: Readonly<Record<string, string>> = {
  '158': 'rows to read',
  '241': 'memory',
  '307': 'bytes to read',
  '396': 'rows or bytes in its answer',
};

/** Turns what the ClickHouse client throws into a `DomainError` where a caller can act on it; the rest stays as it is. */
export function toStorageError(error: unknown): unknown {
  if (error instanceof ClickHouseError) return fromServer(error);
  if (!(error instanceof Error)) return error;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (
    /^(E[A-Z_]+|UND_ERR_[A-Z_]+)$/.test(code) ||
    /timeout error|socket hang up|aborted/i.test(error.message)
  ) {
    return new UnavailableError(
      'storage_unavailable',
      `ClickHouse does not answer (${code || error.message})`,
      {
        cause: error,
      },
    );
  }
  return error;
}

function fromServer(error: ClickHouseError): DomainError | ClickHouseError {
  const { code } = error;
  const cause = { cause: error };
  if (TOO_EXPENSIVE.has(code)) {
    const what = EXCEEDED[code] ?? 'work';
    return new DomainError('too_large', 'query_too_expensive', `The query needs more ${what} than it may.`, {
      hint: SHORTER_RANGE,
      ...cause,
    });
  }
  if (code === CANCELLED) return cancelled();
  if (TIMED_OUT.has(code)) {
    return new DomainError('timeout', 'query_timeout', 'The query took too long.', {
      hint: SHORTER_RANGE,
      ...cause,
    });
  }
  if (OVERLOADED.has(code)) {
    return new DomainError('exhausted', 'storage_overloaded', 'ClickHouse cannot take more work now.', cause);
  }
  if (UNAVAILABLE.has(code)) {
    return new UnavailableError(
      'storage_unavailable',
      `ClickHouse cannot serve this now (${error.type})`,
      cause,
    );
  }
  if (REFUSED_LOGIN.has(code)) {
    return new UnavailableError('storage_unavailable', 'ClickHouse refused the user or the password.', cause);
  }
  if (code === UNKNOWN_SETTING) {
    return new UnavailableError(
      'storage_unavailable',
      'ClickHouse is too old: 26.2 or newer is needed.',
      cause,
    );
  }
  if (MISSING_SCHEMA.has(code)) {
    return new UnavailableError('schema_missing', 'The database has not been set up yet.', cause);
  }
  if (code === CANNOT_COMPILE_REGEXP) {
    return new InvalidSelectorError(
      'A regular expression in the selector cannot be compiled.',
      'Regular expressions are RE2: no backreferences and no lookaround.',
    );
  }
  return error;
}
