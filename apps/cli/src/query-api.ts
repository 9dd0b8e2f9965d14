import { errorBodySchema } from '@everflame/contract';
import { CommandFailure, EXIT } from './exit.ts';

interface Question {
  /** Sent as JSON; without one it is a GET. */
  readonly body?: unknown;
  /** What to know where no answer comes. */
  readonly note?: string;
}

/** Asks the query API at `address` and answers its JSON. Throws `CommandFailure` (1) with the coded reason. */
export async function askQuery(
  address: string,
  path: string,
  { body, note }: Question = {},
): Promise<unknown> {
  const request =
    body === undefined
      ? {}
      : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  let response: Response;
  let answer: unknown;
  try {
    response = await fetch(new URL(`/api/v1/${path}`, address), request);
    answer = await response.json();
  } catch (error) {
    const cause = error instanceof Error ? (error.cause ?? error) : error;
    const reason = cause instanceof Error ? cause.message : 'no reason was given';
    const details = note === undefined ? [reason] : [note, reason];
    throw new CommandFailure(
      EXIT.failed,
      `unavailable: the query service does not answer at ${address}.`,
      details,
    );
  }
  if (response.ok) return answer;
  const failure = errorBodySchema.safeParse(answer);
  if (!failure.success) throw new CommandFailure(EXIT.failed, `${address} answered ${response.status}.`);
  const { code, message, hint } = failure.data.error;
  throw new CommandFailure(EXIT.failed, `${code}: ${message}`, hint === undefined ? [] : [hint]);
}
