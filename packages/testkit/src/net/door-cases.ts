import { connect } from 'node:net';

/** A request that a door of a service has to let in or to refuse, and the outcome. */
export type DoorCase = readonly [
  name: string,
  lines: (port: number) => readonly string[],
  outcome: readonly [status: number, code: string] | 'let in',
];

const MISDIRECTED = [421, 'misdirected_host'] as const;
const MALFORMED = [400, 'malformed_request'] as const;
const FOREIGN = [403, 'foreign_origin'] as const;
const NO_METHOD = [405, 'method_not_allowed'] as const;

const here = (port: number): string => `127.0.0.1:${port}`;
const get = (...hosts: readonly string[]) => [
  'GET /healthz HTTP/1.1',
  ...hosts.map((host) => `Host: ${host}`),
];
const fetched = (port: number, site: string, mode: string, destination: string) => [
  ...get(here(port)),
  `Sec-Fetch-Site: ${site}`,
  `Sec-Fetch-Mode: ${mode}`,
  `Sec-Fetch-Dest: ${destination}`,
];
const absolute = (target: string, host: string) => [`GET http://${target}/healthz HTTP/1.1`, `Host: ${host}`];

const NAMES: readonly DoorCase[] = [
  ['its address', (port) => get(here(port)), 'let in'],
  ['its address without a port', () => get('127.0.0.1'), 'let in'],
  ['another address, as a port that is published has', () => get('192.168.1.20:80'), 'let in'],
  ['an address of IPv6', (port) => get(`[::1]:${port}`), 'let in'],
  ['localhost', (port) => get(`localhost:${port}`), 'let in'],
  ['LocalHost with a dot', () => get('LocalHost.'), 'let in'],
  ['a name that is allowed', () => get('Profiles.Example.COM:443'), 'let in'],
  ['a name below a domain that is allowed', () => get('a.b.internal.example'), 'let in'],
  ['HTTP/1.0 without a host', () => ['GET /healthz HTTP/1.0'], 'let in'],
  ['the address of an absolute target', (port) => absolute(here(port), '127.0.0.1'), 'let in'],
  ['a rebound name', (port) => get(`rebound.example:${port}`), MISDIRECTED],
  ['a name that begins as one that is allowed', () => get('profiles.example.com.evil.example'), MISDIRECTED],
  ['a name that ends as one that is allowed', () => get('evilprofiles.example.com'), MISDIRECTED],
  ['a name that begins as localhost', () => get('localhost.evil.example'), MISDIRECTED],
  ['a number for an address', () => get('2130706433'), MISDIRECTED],
  ['a short address', () => get('127.1'), MISDIRECTED],
  ['a user before the name', (port) => get(`${here(port)}@rebound.example`), MISDIRECTED],
  ['a name before the address', (port) => get(`rebound.example@${here(port)}`), MISDIRECTED],
  ['brackets with a name', () => get('[rebound.example]'), MISDIRECTED],
  ['an empty host', () => get(''), MISDIRECTED],
  ['a foreign absolute target', (port) => absolute('rebound.example', here(port)), MISDIRECTED],
  ['a foreign host of an own target', (port) => absolute(here(port), 'rebound.example'), MISDIRECTED],
  ['two hosts', (port) => get(here(port), 'rebound.example'), MALFORMED],
  ['no host', () => get(), MALFORMED],
];

const SITES: readonly DoorCase[] = [
  ['a script of a page of its own', (port) => fetched(port, 'same-origin', 'cors', 'empty'), 'let in'],
  ['an address that was typed', (port) => fetched(port, 'none', 'navigate', 'document'), 'let in'],
  ['a link in a foreign page', (port) => fetched(port, 'cross-site', 'navigate', 'document'), 'let in'],
  ['a picture in a foreign page', (port) => fetched(port, 'cross-site', 'no-cors', 'image'), FOREIGN],
  ['a script of a foreign page', (port) => fetched(port, 'same-site', 'cors', 'empty'), FOREIGN],
  ['a frame in a foreign page', (port) => fetched(port, 'cross-site', 'navigate', 'iframe'), FOREIGN],
  ['TRACE', (port) => ['TRACE /healthz HTTP/1.1', `Host: ${here(port)}`], NO_METHOD],
  ['PROPFIND', (port) => ['PROPFIND /healthz HTTP/1.1', `Host: ${here(port)}`], NO_METHOD],
  ['CONNECT', (port) => [`CONNECT ${here(port)} HTTP/1.1`, `Host: ${here(port)}`], NO_METHOD],
  ['a method that is none', (port) => ['GRAB /healthz HTTP/1.1', `Host: ${here(port)}`], MALFORMED],
];

/**
 * What web pages, and names that were made to point at a door, may not do, for a door on 127.0.0.1 that allows
 * `profiles.example.com` and `.internal.example`.
 */
export function doorCases(change: { readonly method: string; readonly path: string }): readonly DoorCase[] {
  const to = (host: string, ...lines: readonly string[]) => [
    `${change.method} ${change.path} HTTP/1.1`,
    `Host: ${host}`,
    'Content-Length: 0',
    ...lines,
  ];
  const by = (port: number, ...origins: readonly string[]) =>
    to(here(port), ...origins.map((origin) => `Origin: ${origin}`));
  const own = (port: number): string => `http://${here(port)}`;
  const named = 'profiles.example.com';
  return [
    ...NAMES,
    ...SITES,
    ['a change by a program', (port) => by(port), 'let in'],
    ['a change by a page of its own', (port) => by(port, own(port)), 'let in'],
    ['a change by a page behind a proxy', () => to(named, `Origin: https://${named}`), 'let in'],
    ['a change by a page of a proxy that changes the name', (port) => by(port, `https://${named}`), 'let in'],
    ['a change by a page of another site', (port) => by(port, 'https://evil.example'), FOREIGN],
    ['a change by a page of another port', (port) => by(port, 'http://127.0.0.1:1'), FOREIGN],
    ['a change by a page of no origin', (port) => by(port, 'null'), FOREIGN],
    ['a change by an empty origin', (port) => by(port, ''), FOREIGN],
    ['a change by two origins', (port) => by(port, own(port), 'https://evil.example'), FOREIGN],
    ['a change by an origin with a user', (port) => by(port, `${own(port)}@evil.example`), FOREIGN],
    ['a cross-site change', (port) => to(here(port), 'Sec-Fetch-Site: cross-site'), FOREIGN],
    ['a same-site change', (port) => to(here(port), 'Sec-Fetch-Site: same-site'), FOREIGN],
    ['TRACE of it', (port) => [`TRACE ${change.path} HTTP/1.1`, `Host: ${here(port)}`], NO_METHOD],
  ];
}

/** An answer as it came over the wire. */
export interface RawAnswer {
  readonly status: number;
  /** By names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  /** Code of the error; empty when there is none. */
  readonly code: string;
  readonly text: string;
}

/** Sends the lines of the head of a request as they are, and answers what comes until the connection is closed. */
export async function askRaw(port: number, lines: readonly string[]): Promise<RawAnswer> {
  const socket = connect(port, '127.0.0.1');
  socket.write(`${[...lines, 'Connection: close'].join('\r\n')}\r\n\r\n`);
  let text = '';
  for await (const bytes of socket) text += (bytes as Buffer).toString('latin1');
  const [head = ''] = text.split('\r\n\r\n', 1);
  const [first = '', ...fields] = head.split('\r\n');
  return {
    status: Number(first.split(' ')[1]),
    headers: new Map(
      fields.map((field) => [
        field.slice(0, field.indexOf(':')).toLowerCase(),
        field.slice(field.indexOf(':') + 1).trim(),
      ]),
    ),
    code: /"code":"([a-z_]+)"/.exec(text)?.[1] ?? '',
    text,
  };
}

/** What a door made of a case, to be compared with its outcome. */
export async function outcomeOfCase(port: number, lines: readonly string[]): Promise<DoorCase[2]> {
  const { status, code } = await askRaw(port, lines);
  const isRefused =
    code === 'malformed_request' || [0, 403, 405, 421].includes(status) || Number.isNaN(status);
  return isRefused ? [status, code] : 'let in';
}
