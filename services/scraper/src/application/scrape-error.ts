import { DomainError, type ErrorKind } from '@everflame/profile';

/** By why a scrape failed: stable codes, shown with the target, and labels of the scrape counter. */
const KINDS = {
  connection_refused: 'unavailable',
  connection_lost: 'unavailable',
  host_not_found: 'unavailable',
  http_status: 'unavailable',
  no_sample_type: 'invalid',
  not_a_profile: 'invalid',
  scrape_timeout: 'timeout',
  tls_failed: 'unavailable',
  unreachable: 'unavailable',
} as const satisfies Readonly<Record<string, ErrorKind>>;

export type ScrapeErrorCode = keyof typeof KINDS;

/** A target did not answer with a profile. */
export class ScrapeError extends DomainError {
  constructor(code: ScrapeErrorCode, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(KINDS[code], code, message, options);
  }
}
