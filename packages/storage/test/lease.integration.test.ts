import { waitFor } from '@everflame/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { giveUpLease, takeLease } from '../src/index.ts';
import { type FreshStorage, freshStorage } from './fresh-storage.ts';

describe('a lease', () => {
  let storage: FreshStorage;

  beforeAll(async () => {
    storage = await freshStorage();
  });
  afterAll(async () => {
    await storage.drop();
  });

  const take = (job: string, holder: string, holdMs = 60_000): Promise<boolean> =>
    takeLease(storage.clickhouse, { job, holder, holdMs });

  it('is held by one of two, who may prolong it, until it gives it up', async () => {
    expect(await take('rollups', 'first')).toBe(true);
    expect(await take('rollups', 'second')).toBe(false);
    expect(await take('rollups', 'first')).toBe(true);
    expect(await take('other', 'second')).toBe(true);
    await giveUpLease(storage.clickhouse, { job: 'rollups', holder: 'first', holdMs: 60_000 });
    expect(await take('rollups', 'second')).toBe(true);
    expect(await take('rollups', 'first')).toBe(false);
  });

  it('ends by itself when its holder is gone', async () => {
    expect(await take('short', 'gone', 300)).toBe(true);
    await waitFor(() => take('short', 'next'), { what: 'the lease to end' });
  });

  it('is not given up by who does not hold it', async () => {
    expect(await take('mine', 'first')).toBe(true);
    await giveUpLease(storage.clickhouse, { job: 'mine', holder: 'second', holdMs: 60_000 });
    expect(await take('mine', 'second')).toBe(false);
  });
});
