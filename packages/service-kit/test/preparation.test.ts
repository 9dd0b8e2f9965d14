import { DomainError, UnavailableError } from '@everflame/profile';
import { waitFor } from '@everflame/testkit';
import { describe, expect, it } from 'vitest';
import { isMendedByRestart } from '../src/service/exit-code.ts';
import { InvalidConfigError } from '../src/index.ts';
import { createLogger } from '../src/logging.ts';
import { Preparation } from '../src/service/preparation.ts';

const logger = createLogger('test', 'silent');
const away = new UnavailableError('storage_unavailable', 'ClickHouse does not answer');
const newer = new DomainError('conflict', 'schema_too_new', 'The schema is newer.');

describe('Preparation', () => {
  it('tries again until it succeeds, and says meanwhile what it waits for', async () => {
    let attempts = 0;
    const preparation = new Preparation(
      () => (++attempts < 3 ? Promise.reject(away) : Promise.resolve()),
      logger,
    );
    await preparation.soon(60_000);
    expect(attempts).toBe(1);
    await expect(preparation.check.check()).rejects.toThrow('ClickHouse does not answer');
    await preparation.done;
    expect(attempts).toBe(3);
    await preparation.check.check();
  });

  it('does not hold up a start while an attempt hangs', async () => {
    const preparation = new Preparation(() => new Promise(() => undefined), logger);
    await preparation.soon(1);
    await expect(preparation.check.check()).rejects.toThrow('has not ended');
  });

  it('ends with the first error that no further attempt mends', async () => {
    let attempts = 0;
    const preparation = new Preparation(() => Promise.reject(++attempts < 2 ? away : newer), logger);
    await expect(preparation.done).rejects.toBe(newer);
    await expect(preparation.soon(60_000)).rejects.toBe(newer);
    expect(attempts).toBe(2);
  });

  it('makes no attempt after it was stopped, and tells the one that is under way', async () => {
    let signal: AbortSignal | undefined;
    const preparation = new Preparation((given) => {
      signal = given;
      return new Promise((_, reject) => given.addEventListener('abort', () => reject(newer)));
    }, logger);
    await waitFor(() => signal, { what: 'the first attempt' });
    preparation.stop();
    await preparation.done;
    expect(signal?.aborted).toBe(true);
  });
});

describe('isMendedByRestart', () => {
  it.each([
    { error: new InvalidConfigError(['QUERY_PORT: no number']), isMended: false },
    { error: newer, isMended: false },
    { error: new DomainError('conflict', 'schema_mismatch', 'differs'), isMended: false },
    { error: new DomainError('conflict', 'port_in_use', 'in use'), isMended: true },
    { error: new DomainError('conflict', 'spool_in_use', 'in use'), isMended: true },
    { error: new UnavailableError('schema_missing', 'not yet'), isMended: true },
    { error: new Error('ENOSPC'), isMended: true },
  ])('is $isMended for $error.message', ({ error, isMended }) => {
    expect(isMendedByRestart(error)).toBe(isMended);
  });
});
