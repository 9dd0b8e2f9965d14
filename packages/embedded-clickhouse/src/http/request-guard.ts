import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { refuse } from '../exception.ts';

/** The only user; it has the rights of `engine-profile.ts`. */
const USER = 'default';

/** Decides who may talk to the server at all, and who may send statements. */
export class RequestGuard {
  readonly #credentials: Buffer | undefined;
  readonly #hosts: ReadonlySet<string>;

  /**
   * Every statement must come with `password`, unless that is empty; `allowedHosts` are names that `Host` may have beyond
   * addresses and `localhost`.
   */
  constructor(password: string, allowedHosts: readonly string[]) {
    this.#credentials = password === '' ? undefined : Buffer.from(`${USER}:${password}`);
    this.#hosts = new Set(['localhost', ...allowedHosts].map((host) => host.toLowerCase()));
  }

  /** Throws for what a web page sent: a browser says so, and a page that rebinds a name says the name. */
  requireOwnClient({ headers }: IncomingMessage): void {
    const host = hostOf(headers.host ?? '');
    if (isIP(host) === 0 && !this.#hosts.has(host)) {
      throw refuse('ACCESS_DENIED', 'Host is not a name of this server; use its address.', 421);
    }
    const site = headers['sec-fetch-site'] ?? 'none';
    if (headers.origin !== undefined || (site !== 'none' && site !== 'same-origin')) {
      throw refuse('ACCESS_DENIED', 'This server does not answer web pages.');
    }
  }

  /** Throws unless the request has the password, in whichever way ClickHouse takes it. */
  requirePassword(request: IncomingMessage, search: URLSearchParams): void {
    if (this.#credentials === undefined) return;
    const given = Buffer.from(credentialsOf(request, search));
    // The length of a password that is made here is no secret.
    if (given.length !== this.#credentials.length || !timingSafeEqual(given, this.#credentials)) {
      throw refuse(
        'AUTHENTICATION_FAILED',
        'Authentication failed: password is incorrect, or there is no user.',
      );
    }
  }
}

/** `user:password`, from the headers of ClickHouse, from Authorization, or from the URL. */
function credentialsOf({ headers }: IncomingMessage, search: URLSearchParams): string {
  const { 'x-clickhouse-user': user, 'x-clickhouse-key': key, authorization } = headers;
  if (user !== undefined || key !== undefined) return `${String(user ?? USER)}:${String(key ?? '')}`;
  const basic = /^Basic +(\S+)$/i.exec(authorization ?? '')?.[1];
  if (basic !== undefined) return Buffer.from(basic, 'base64').toString('utf8');
  return `${search.get('user') ?? USER}:${search.get('password') ?? ''}`;
}

/** The name or address in a `Host` header, without port and brackets. */
function hostOf(header: string): string {
  return header
    .replace(/:\d*$/, '')
    .replace(/^\[(.*)\]$/, '$1')
    .toLowerCase();
}
