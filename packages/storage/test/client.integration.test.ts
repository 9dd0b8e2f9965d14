import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mergeStacks, openClickHouse } from '../src/index.ts';
import { UInt32Column } from '../src/native/columns.ts';
import { encodeNativeBlock } from '../src/native/columns.ts';
import { type FreshStorage, freshStorage } from './fresh-storage.ts';
import { CPU, TEN_O_CLOCK } from './profile-rows.ts';

describe('openClickHouse', () => {
  let storage: FreshStorage;

  beforeAll(async () => {
    storage = await freshStorage();
  });

  afterAll(async () => {
    await storage.drop();
  });

  it('answers a ping', async () => {
    await expect(storage.clickhouse.ping()).resolves.toBeUndefined();
  });

  it('says storage_unavailable when nothing listens', async () => {
    const nobody = openClickHouse({
      url: 'http://127.0.0.1:1',
      database: 'everflame',
      requestTimeoutMs: 2000,
    });
    const unavailable = { code: 'storage_unavailable', kind: 'unavailable' };
    await expect(nobody.ping()).rejects.toMatchObject(unavailable);
    await expect(nobody.select({ text: 'SELECT 1 AS one', params: {} })).rejects.toMatchObject(unavailable);
    await nobody.close();
  });

  it('says storage_unavailable when the answer takes longer than it may', async () => {
    const impatient = openClickHouse({
      url: storage.url,
      database: storage.clickhouse.database,
      requestTimeoutMs: 300,
    });
    await expect(impatient.select({ text: 'SELECT sleep(2) AS zero', params: {} })).rejects.toMatchObject({
      kind: expect.stringMatching(/unavailable|timeout/),
    });
    await impatient.close();
  });

  it('takes every insert, also by a table that would drop repetitions', async () => {
    const { clickhouse } = storage;
    const run = (text: string): Promise<void> => clickhouse.command({ text, params: {} });
    await run(`CREATE TABLE repeated (a UInt32) ENGINE = MergeTree ORDER BY a
SETTINGS non_replicated_deduplication_window = 100`);
    const a = new UInt32Column();
    a.push(7);
    const block = encodeNativeBlock({ a });
    for (let i = 0; i < 2; i++) {
      await clickhouse.insertNative({ table: 'repeated', columns: ['a'] }, block);
      await run('INSERT INTO repeated SELECT 8 ORDER BY 1');
    }
    const answer = await clickhouse.select({ text: 'SELECT a FROM repeated ORDER BY a', params: {} });
    expect([...answer.numbers('a')]).toEqual([7, 7, 8, 8]);
  });

  it('says query_too_expensive when a query exceeds its memory or rows', async () => {
    const tooExpensive = { code: 'query_too_expensive' };
    const huge = { text: 'SELECT groupArray(number) AS numbers FROM numbers(100000000)', params: {} };
    await expect(storage.clickhouse.select(huge, { max_memory_usage: '20000000' })).rejects.toMatchObject(
      tooExpensive,
    );
    const rows = { text: 'SELECT number FROM numbers(1000)', params: {} };
    await expect(storage.clickhouse.select(rows, { max_result_rows: '10' })).rejects.toMatchObject(
      tooExpensive,
    );
  });

  it('says invalid_selector when a regular expression cannot be compiled', async () => {
    const filter = {
      tenant: 'acme',
      profileTypeId: CPU,
      matchers: [{ name: 'zone', op: '=~', value: 'a(' } as const],
      fromMs: TEN_O_CLOCK,
      toMs: TEN_O_CLOCK + 1000,
    };
    await expect(mergeStacks(storage.clickhouse, filter, { aggregate: 'kind' })).rejects.toMatchObject({
      code: 'invalid_selector',
    });
  });

  it('refuses a database name that is not an identifier', () => {
    expect(() => openClickHouse({ url: storage.url, database: 'a`; DROP', requestTimeoutMs: 1000 })).toThrow(
      /cannot name a database/,
    );
  });
});
