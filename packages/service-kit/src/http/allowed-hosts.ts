import { isIP, isIPv6 } from 'node:net';
import { hostname } from 'node:os';
import { z } from 'zod';

/** Further names under which the doors of a service may be addressed. */
export interface AllowedHosts {
  /** The variable that lists them, for the hint of a refusal. */
  readonly variable: string;
  /** As `allowedHostsSchema` reads them. */
  readonly names: readonly string[];
}

const ANY = '*';
const NAME = /^(\*|\.?[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?)$/;

/** `name,.domain,…`: a leading dot stands for a domain with all names below it, `*` for every name. */
export const allowedHostsSchema = z
  .string()
  .default('')
  .transform((text) =>
    text
      .toLowerCase()
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== ''),
  )
  .pipe(
    z.array(z.string().regex(NAME, 'write names without port, such as profiles.example.com or .example.com')),
  );

const HOST = /^(\[[0-9a-f:.]+\]|[a-z0-9_.-]+)(?::(\d{1,5}))?$/;

/**
 * Parses the host of a URL or of a `Host` header; undefined when it is none. The name is in lower case, without the dot of
 * a fully qualified one, an IPv6 address in brackets; the port is empty where the default one is meant.
 */
export function parseHost(text: string) {
  const [, name = '', port = ''] = HOST.exec(text.toLowerCase()) ?? [];
  return name === '' ? undefined : { name: name.endsWith('.') ? name.slice(0, -1) : name, port };
}

/**
 * Tells the names of a door from one that its owner had point to it: a page that was loaded from `evil.example` reaches
 * every address that it lets this name resolve to, under that name. An address in its place cannot be made to point elsewhere.
 */
export class HostNames {
  readonly #own: ReadonlySet<string>;
  readonly #listed: ReadonlySet<string>;
  readonly #domains: readonly string[];
  readonly #isAnyAllowed: boolean;

  constructor(boundHost: string, allowed: readonly string[]) {
    const bound = boundHost.toLowerCase();
    // Who listens on this machine alone is not reached by its name.
    this.#own = new Set(['localhost', bound, ...(isLoopback(bound) ? [] : [hostname().toLowerCase()])]);
    this.#listed = new Set(allowed.map((name) => name.replace(/^\./, '')));
    this.#domains = allowed.filter((name) => name.startsWith('.'));
    this.#isAnyAllowed = allowed.includes(ANY);
  }

  /** Whether the door may be addressed so. */
  has(name: string): boolean {
    return this.#isAnyAllowed || isAddress(name) || this.#own.has(name) || this.isListed(name);
  }

  /** Whether it is one of the names that were allowed by name. */
  isListed(name: string): boolean {
    return this.#listed.has(name) || this.#domains.some((domain) => name.endsWith(domain));
  }
}

function isAddress(name: string): boolean {
  return name.startsWith('[') ? isIPv6(name.slice(1, -1)) : isIP(name) !== 0;
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}
