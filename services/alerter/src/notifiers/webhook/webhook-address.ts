import { InvalidArgumentError } from '@everflame/profile';

/** Stands for what is not shown: for chat services the path alone is the right to write there. */
const HIDDEN = '…';
const HIDDEN_PATH = `/${encodeURIComponent(HIDDEN)}`;
/** Shorter parts of an address say nothing, and would make gaps in every text. */
const MIN_SECRET_CHARACTERS = 4;

/** The address without user, path and parameters. */
export function shownWebhook(address: string): string {
  const { protocol, host, username, password, pathname, search, hash } = new URL(address);
  const isBare = `${username}${password}${search}${hash}` === '' && pathname === '/';
  return isBare ? address : `${protocol}//${host}/${HIDDEN}`;
}

/**
 * The address that a rule has after a change: the one it had when none is given or the shown form of it, none for null.
 * Throws `invalid_webhook_url` for the shown form of another address.
 */
export function changedWebhook(
  given: string | null | undefined,
  existing: string | undefined,
): string | undefined {
  if (given === undefined) return existing;
  if (given === null) return undefined;
  const { href, pathname } = new URL(given);
  if (pathname !== HIDDEN_PATH) return given;
  if (existing !== undefined && new URL(shownWebhook(existing)).href === href) return existing;
  throw new InvalidArgumentError(`The address of the webhook is shortened (${HIDDEN}).`, {
    code: 'invalid_webhook_url',
    hint: 'Write the whole address; leave it out or as it was shown to keep that of the rule, null for none.',
  });
}

/** A text that came from the receiver, without what the address has that is not shown. */
export function withoutWebhookSecrets(text: string, address: string): string {
  const { username, password, pathname, search, hash } = new URL(address);
  const parts = [
    `${pathname}${search}${hash}`,
    pathname,
    ...`${pathname}${search}${hash}`.split(/[/?&=#]/),
    username,
    password,
    basicLoginOf(address) ?? '',
  ];
  const secrets = new Set(parts.flatMap((part) => [part, decoded(part)]));
  return [...secrets]
    .filter((secret) => secret.length >= MIN_SECRET_CHARACTERS)
    .toSorted((a, b) => b.length - a.length)
    .reduce((rest, secret) => rest.replaceAll(secret, HIDDEN), text);
}

/** User and password of the address as HTTP's `Basic` scheme has them; undefined when there are none. */
export function basicLoginOf(address: string): string | undefined {
  const { username, password } = new URL(address);
  if (username === '' && password === '') return undefined;
  return Buffer.from(`${decoded(username)}:${decoded(password)}`).toString('base64');
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
