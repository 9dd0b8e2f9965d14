import { DomainError } from '@everflame/profile';

/** The database answered with bytes that are not a Native block. */
export class MalformedAnswerError extends DomainError {
  constructor(message: string) {
    super('unavailable', 'storage_malformed_answer', message, {
      hint: 'Ask again; if it persists, look at the ClickHouse log.',
    });
  }
}

/** Returns the error for an answer of which the reader of its bytes says what is wrong. */
export function malformedAnswer(what: string): MalformedAnswerError {
  return new MalformedAnswerError(`The answer of ClickHouse is no Native block: ${what}.`);
}
