import { DomainError, type ErrorKind } from '@everflame/profile';

/** Why a scrape failed; stable, shown with the target, and a label of the scrape counter. */
export type ScrapeErrorCode =
  | 'connection_refused'
  | 'connection_lost'
  | 'host_not_found'
  | 'http_status'
  | 'no_sample_type'
  | 'not_a_profile'
  | 'scrape_timeout'
  | 'tls_failed'
  | 'unreachable';

const KINDS: Readonly<Record<ScrapeErrorCode, ErrorKind>> = {
  connection_refused: 'unavailable',
  connection_lost: 'unavailable',
  host_not_found: 'unavailable',
  http_status: 'unavailable',
  no_sample_type: 'invalid',
  not_a_profile: 'invalid',
  scrape_timeout: 'timeout',
  tls_failed: 'unavailable',
  unreachable: 'unavailable',
};

/** A target did not answer with a profile. */
export class ScrapeError extends DomainError {
  constructor(code: ScrapeErrorCode, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(KINDS[code], code, message, options);
  }
}
