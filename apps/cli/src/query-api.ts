import { ApiClient, ApiError } from '@everflame/client';
import { API_ROUTES } from '@everflame/contract';
import { CommandFailure, EXIT } from './exit.ts';

/** What is asked of the query API about a selector and a time. */
export interface RangeCommand {
  readonly selector: string;
  /** Unix ms, RFC 3339 or relative, as the API takes them. */
  readonly from: string;
  readonly to: string;
  readonly address: string;
}

/** Shows a time of an answer. */
export function showTime(ms: number): string {
  return new Date(ms).toISOString();
}

/** Does something with the query API at an address. Throws `CommandFailure` (1) with the coded reason. */
export async function useQueryApi<T>(
  address: string,
  work: (api: ApiClient) => Promise<T>,
  /** What to know where no answer comes. */
  note?: string,
): Promise<T> {
  try {
    return await work(new ApiClient({ origin: new URL(address).origin, routes: API_ROUTES }));
  } catch (error) {
    throw error instanceof ApiError ? failureOf(error, address, note) : error;
  }
}

function failureOf(error: ApiError, address: string, note: string | undefined): CommandFailure {
  const { status, code, message, hint } = error;
  if (status > 0) {
    if (code === 'unexpected_answer')
      return new CommandFailure(EXIT.failed, `${address} answered ${status}.`);
    return new CommandFailure(EXIT.failed, `${code}: ${message}`, hint === undefined ? [] : [hint]);
  }
  const cause = error.cause instanceof Error ? (error.cause.cause ?? error.cause) : error.cause;
  const reason = cause instanceof Error ? cause.message : 'no reason was given';
  return new CommandFailure(
    EXIT.failed,
    `unavailable: the query service does not answer at ${address}.`,
    note === undefined ? [reason] : [note, reason],
  );
}
