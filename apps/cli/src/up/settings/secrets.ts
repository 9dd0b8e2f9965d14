import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** Passwords of the stores that `everflame up` starts itself. */
export interface Secrets {
  readonly clickhouse: string;
  readonly redis: string;
}

/**
 * The passwords of a data folder, made where it has none. What is stored does not depend on them, so a file that is damaged
 * or that others can read is replaced. The caller holds the lock of the folder.
 */
export function openSecrets(dataDir: string): Secrets {
  const file = join(dataDir, 'secrets.json');
  const present = readSecrets(file);
  if (present !== undefined) return present;
  const secrets = { clickhouse: randomPassword(), redis: randomPassword() };
  const draft = `${file}.new`;
  const descriptor = openSync(draft, 'w', 0o600);
  try {
    writeSync(descriptor, `${JSON.stringify(secrets)}\n`);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(draft, file);
  return secrets;
}

function readSecrets(file: string): Secrets | undefined {
  try {
    if ((statSync(file).mode & 0o077) !== 0) return undefined;
    const { clickhouse, redis } = JSON.parse(readFileSync(file, 'utf8')) as Partial<Secrets>;
    return isPassword(clickhouse) && isPassword(redis) ? { clickhouse, redis } : undefined;
  } catch {
    return undefined;
  }
}

/** Only what needs no quoting in a URL and in a configuration file of Redis. */
function isPassword(text: unknown): text is string {
  return typeof text === 'string' && /^[\w-]{16,}$/.test(text);
}

function randomPassword(): string {
  return randomBytes(24).toString('base64url');
}
