import { randomUUID } from 'node:crypto';
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type AllowedHosts, HostNames, parseHost } from './allowed-hosts.ts';
import { answerOnSocket } from './client-errors.ts';
import { answerOf, DEFAULT_HEADERS, type Refusal, sendAnswer } from './error-answer.ts';
import { Counter, type Registry } from '../metrics.ts';

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);
const METHODS = [...SAFE_METHODS, 'POST', 'PUT', 'PATCH', 'DELETE'];
const KNOWN_METHODS = new Set(METHODS);
const DEFAULT_PORTS: Readonly<Record<string, string>> = { 'http:': '80', 'https:': '443' };

const METHOD_NOT_ALLOWED: Refusal = {
  status: 405,
  code: 'method_not_allowed',
  message: 'This method is not possible here.',
  headers: { allow: METHODS.join(', ') },
};
const NO_SINGLE_HOST: Refusal = {
  status: 400,
  code: 'malformed_request',
  message: 'A request needs one Host header.',
};
const FOREIGN_SITE: Refusal = {
  status: 403,
  code: 'foreign_origin',
  message: 'The page of another site asked for this.',
  hint: 'Open the address itself, or use a program that is no browser.',
};

/**
 * Keeps web pages out of a door that has no login: a request has to name the door as it is called, and what a browser
 * sends has to come from a page of the same door. Programs that are no browsers send none of the headers that say so.
 */
export class RequestGuard {
  readonly #names: HostNames;
  readonly #variable: string | undefined;
  /** Nearly all clients of a door address it in one way. */
  #lastHost = '';

  constructor(boundHost: string, allowed: AllowedHosts | undefined) {
    this.#names = new HostNames(boundHost, allowed?.names ?? []);
    this.#variable = allowed?.variable;
  }

  /** Why the request is not let in; undefined when it is. */
  refusalOf(request: IncomingMessage): Refusal | undefined {
    const { method = '', headers } = request;
    if (!KNOWN_METHODS.has(method)) return METHOD_NOT_ALLOWED;
    const misdirected = this.#hostRefusal(request);
    if (misdirected !== undefined) return misdirected;
    if (isOfForeignSite(request)) return FOREIGN_SITE;
    if (headers.origin === undefined || SAFE_METHODS.has(method)) return undefined;
    return this.#originRefusal(headers.origin, headers.host ?? '');
  }

  #hostRefusal({ url = '', headers, httpVersion, rawHeaders }: IncomingMessage): Refusal | undefined {
    const { host } = headers;
    if (host === undefined) return httpVersion === '1.0' ? undefined : NO_SINGLE_HOST;
    if (hasTwoHosts(rawHeaders)) return NO_SINGLE_HOST;
    // The authority of an absolute address counts more than the header.
    const authority = authorityOf(url);
    if (authority !== undefined && !this.#isName(authority)) return this.#misdirected(authority);
    return this.#isName(host) ? undefined : this.#misdirected(host);
  }

  #isName(host: string): boolean {
    if (host === this.#lastHost) return true;
    const parsed = parseHost(host);
    if (parsed === undefined || !this.#names.has(parsed.name)) return false;
    this.#lastHost = host;
    return true;
  }

  #misdirected(host: string): Refusal {
    return {
      status: 421,
      code: 'misdirected_host',
      message: `${JSON.stringify(host.slice(0, 253))} is not a name of this service.`,
      hint: `Use its address, or add the name to ${this.#variable ?? 'the allowed hosts'}.`,
    };
  }

  #originRefusal(origin: string, host: string): Refusal | undefined {
    if (this.#isOwnPage(origin, host)) return undefined;
    return {
      status: 403,
      code: 'foreign_origin',
      message: `A page of ${JSON.stringify(origin.slice(0, 253))} may change nothing here.`,
      hint: `If that is a proxy in front of this service, add its name to ${this.#variable ?? 'the allowed hosts'}.`,
    };
  }

  /** Whether the pages of an origin are those of this door. */
  #isOwnPage(origin: string, host: string): boolean {
    if (!URL.canParse(origin)) return false;
    const { host: pageHost, protocol } = new URL(origin);
    const page = parseHost(pageHost);
    if (page === undefined) return false;
    // A proxy in front may call the service by another name than browsers call the proxy.
    if (this.#names.isListed(page.name)) return true;
    const own = parseHost(host);
    const standard = DEFAULT_PORTS[protocol];
    return own?.name === page.name && (own.port || standard) === (page.port || standard);
  }
}

/** Whether a browser says that the page of another site asked for it, other than by a link that was followed. */
function isOfForeignSite({ method, url = '', headers }: IncomingMessage): boolean {
  const site = headers['sec-fetch-site'];
  if (site === undefined || site === 'same-origin' || site === 'none') return false;
  const isFollowedLink =
    method === 'GET' &&
    headers['sec-fetch-mode'] === 'navigate' &&
    headers['sec-fetch-dest'] === 'document' &&
    // Taking a profile costs, and nobody links to one.
    !url.startsWith('/debug/');
  return !isFollowedLink;
}

/** Of several headers of this name Node shows the first. */
function hasTwoHosts(rawHeaders: readonly string[]): boolean {
  let count = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i];
    if (name?.length === 4 && name.toLowerCase() === 'host') count++;
  }
  return count > 1;
}

/** The authority of a request for a whole URL; undefined of one for a path. */
function authorityOf(url: string): string | undefined {
  if (url.startsWith('/') || url === '*') return undefined;
  return /^https?:\/\/([^/?#]*)/i.exec(url)?.[1] ?? url;
}

/** Sets what all answers have in common, on those of whoever answers now. */
export function setDefaultHeaders(server: Server): void {
  const defaults = Object.entries(DEFAULT_HEADERS);
  answerFirst(server, (_request, response) => {
    for (const [name, value] of defaults) response.setHeader(name, value);
    return false;
  });
}

/** Has the guard asked about every request before those who answer them. */
export function guardServer(server: Server, guard: RequestGuard, metrics: Registry): void {
  const refused = new Counter({
    name: 'everflame_http_refused_requests_total',
    help: 'Requests that were refused before they were looked at, by code.',
    labelNames: ['code'],
    registers: [metrics],
  });
  answerFirst(server, (request, response) => {
    const refusal = guard.refusalOf(request);
    if (refusal === undefined) return false;
    refused.inc({ code: refusal.code });
    sendAnswer(response, answerOf(refusal, randomUUID(), request.url));
    return true;
  });
  server.on('connect', (_request: IncomingMessage, socket: Socket) => {
    refused.inc({ code: METHOD_NOT_ALLOWED.code });
    answerOnSocket(socket, METHOD_NOT_ALLOWED);
  });
}

/** Leaves to those who answer requests now those for which `answer` returns false. */
export function answerFirst(
  server: Server,
  answer: (request: IncomingMessage, response: ServerResponse) => boolean,
): void {
  const listeners = server.listeners('request') as RequestListener[];
  server.removeAllListeners('request');
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    if (answer(request, response)) return;
    for (const listener of listeners) listener(request, response);
  });
}
