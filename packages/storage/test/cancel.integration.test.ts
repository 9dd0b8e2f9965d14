import { waitFor } from '@everflame/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ClickHouse, openClickHouse } from '../src/index.ts';
import { type FreshStorage, freshStorage } from './fresh-storage.ts';

const ENDLESS = {
  text: 'SELECT count() AS n FROM numbers(1000000000000) WHERE NOT ignore(sipHash64(number, {salt:UInt32}))',
  params: { salt: 1 },
};

describe('a request that goes away', () => {
  let storage: FreshStorage;
  let clickhouse: ClickHouse;
  let signal: AbortSignal | undefined;

  beforeAll(async () => {
    storage = await freshStorage();
    clickhouse = openClickHouse({
      url: storage.url,
      database: storage.clickhouse.database,
      requestTimeoutMs: 15_000,
      sharesReads: true,
      currentSignal: () => signal,
    });
  });

  afterAll(async () => {
    await clickhouse.close();
    await storage.drop();
  });

  const running = async (): Promise<number> => {
    const text = `SELECT toUInt32(count()) AS n FROM system.processes WHERE query LIKE '%sipHash64(number%' AND NOT is_cancelled`;
    const answer = await storage.clickhouse.select({ text, params: {} });
    return (answer.numbers('n')[0] ?? 0) - 1;
  };

  it('has its statement stopped in ClickHouse', async () => {
    const request = new AbortController();
    signal = request.signal;
    const read = clickhouse.select(ENDLESS);
    await waitFor(async () => (await running()) === 1, { what: 'a running statement' });
    request.abort();
    await expect(read).rejects.toMatchObject({ code: 'query_cancelled' });
    await waitFor(async () => (await running()) === 0, { what: 'no running statement' });
  });

  it('leaves a statement running that someone else waits for too', async () => {
    const requests = [new AbortController(), new AbortController()];
    const reads = requests.map((request) => {
      signal = request.signal;
      return clickhouse.select(ENDLESS);
    });
    await waitFor(async () => (await running()) === 1, { what: 'one running statement' });
    requests[0]?.abort();
    await expect(reads[0]).rejects.toMatchObject({ code: 'query_cancelled' });
    expect(await running()).toBe(1);
    requests[1]?.abort();
    await expect(reads[1]).rejects.toMatchObject({ code: 'query_cancelled' });
    await waitFor(async () => (await running()) === 0, { what: 'no running statement' });
  });
});
