import { get as getHttp, type IncomingMessage, type RequestOptions, STATUS_CODES } from 'node:http';
import { get as getHttps } from 'node:https';
import { LimitExceededError } from '@everflame/profile';
import type { ProfileFetcher } from '../application/ports.ts';
import { ScrapeError, type ScrapeErrorCode } from '../application/scrape-error.ts';

const EXCERPT_CHARS = 200;
const EXCERPT_BYTES = 4096;

const CODES: Readonly<Record<string, ScrapeErrorCode>> = {
  ECONNREFUSED: 'connection_refused',
  ECONNRESET: 'connection_lost',
  EPIPE: 'connection_lost',
  ENOTFOUND: 'host_not_found',
  EAI_AGAIN: 'host_not_found',
  ETIMEDOUT: 'unreachable',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  EPROTO: 'tls_failed',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'tls_failed',
  SELF_SIGNED_CERT_IN_CHAIN: 'tls_failed',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'tls_failed',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'tls_failed',
  CERT_HAS_EXPIRED: 'tls_failed',
  ERR_TLS_CERT_ALTNAME_INVALID: 'tls_failed',
};

/** Fetches over HTTP(S) with one connection per profile. Redirects are not followed: a target is what was configured. */
export class HttpProfileFetcher implements ProfileFetcher {
  readonly #maxBodyBytes: number;

  constructor(maxBodyBytes: number) {
    this.#maxBodyBytes = maxBodyBytes;
  }

  async fetch(url: string, timeoutMs: number, signal: AbortSignal): Promise<Uint8Array> {
    signal.throwIfAborted();
    const stop = new AbortController();
    const abort = (): void => stop.abort();
    const timer = setTimeout(abort, timeoutMs);
    signal.addEventListener('abort', abort, { once: true });
    try {
      const response = await open(url, stop.signal);
      return await this.#read(response);
    } catch (error) {
      signal.throwIfAborted();
      if (stop.signal.aborted) {
        throw new ScrapeError('scrape_timeout', `No complete answer within ${timeoutMs} ms.`);
      }
      throw asScrapeError(error);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
      stop.abort();
    }
  }

  async #read(response: IncomingMessage): Promise<Uint8Array> {
    const contentType = response.headers['content-type'] ?? '';
    if (response.statusCode !== 200) throw await statusError(response);
    if (contentType.startsWith('text/html')) {
      throw new ScrapeError('not_a_profile', 'The target answered with an HTML page.', {
        hint: 'Check the path, a login, or a proxy in between.',
      });
    }
    const announced = Number(response.headers['content-length'] ?? 0);
    if (announced > this.#maxBodyBytes) throw this.#tooLarge(announced);
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of response as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > this.#maxBodyBytes) throw this.#tooLarge('more');
      chunks.push(chunk);
    }
    return Buffer.concat(chunks, bytes);
  }

  #tooLarge(bytes: number | string): LimitExceededError {
    return new LimitExceededError(
      'body_bytes',
      this.#maxBodyBytes,
      bytes,
      'Raise SCRAPER_MAX_BODY_BYTES if this is right.',
    );
  }
}

function open(url: string, signal: AbortSignal): Promise<IncomingMessage> {
  const options: RequestOptions = { agent: false, signal, headers: { 'user-agent': 'Everflame-scraper' } };
  const get = url.startsWith('https:') ? getHttps : getHttp;
  return new Promise((resolve, reject) => {
    get(url, options, resolve).on('error', reject);
  });
}

/** net/http/pprof marks its own error texts with X-Go-Pprof; other plain text is shown as well, pages are not. */
async function statusError(response: IncomingMessage): Promise<ScrapeError> {
  const status = response.statusCode ?? 0;
  const { location } = response.headers;
  let reason = location === undefined ? '' : `redirects to ${location.slice(0, EXCERPT_CHARS)}`;
  const contentType = response.headers['content-type'] ?? '';
  if (response.headers['x-go-pprof'] !== undefined || contentType.startsWith('text/plain')) {
    reason = await excerptOf(response);
  }
  const name = `${status} ${STATUS_CODES[status] ?? ''}`.trim();
  return new ScrapeError('http_status', `The target answered ${name}${reason === '' ? '.' : `: ${reason}`}`);
}

async function excerptOf(response: IncomingMessage): Promise<string> {
  let head = Buffer.alloc(0);
  for await (const chunk of response as AsyncIterable<Buffer>) {
    head = Buffer.concat([head, chunk]);
    if (head.length >= EXCERPT_BYTES) break;
  }
  return head.toString('utf8').replace(/\s+/g, ' ').trim().slice(0, EXCERPT_CHARS);
}

function asScrapeError(error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return error;
  // Errors of our own carry a code too, and stay as they are.
  if (error instanceof ScrapeError || error instanceof LimitExceededError) return error;
  const code = CODES[error.code] ?? (error.code.startsWith('HPE_') ? 'not_a_profile' : 'unreachable');
  const message = error.message === '' ? error.code : error.message;
  return new ScrapeError(code, message, { cause: error });
}
