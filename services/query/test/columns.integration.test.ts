import zlib from 'node:zlib';
import { decodeTree } from '@everflame/flamegraph';
import { ProfileBatch } from '@everflame/storage';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestQuery } from './support/query-service.ts';
import { add, RANGE, startShop } from './support/shop.ts';

let query: TestQuery;

beforeAll(async () => {
  query = await startShop();
});
afterAll(() => query.close());

describe('trees in columns', () => {
  beforeAll(async () => {
    const batch = new ProfileBatch();
    const stacks = Array.from({ length: 200 }, (_, index) => `main;step${index} ${index + 1}`);
    add(batch, stacks, {}, { name: 'wide' });
    await query.insert(batch);
  });

  it.each([
    ['gzip, deflate, br', 'br'],
    ['gzip;q=1, br;q=0.1', 'gzip'],
    ['GZIP', 'gzip'],
    ['identity', 'identity'],
    ['', 'identity'],
    // Node 20 has none.
    ...('zstdCompress' in zlib ? [['gzip, deflate, br, zstd', 'zstd']] : []),
  ])('are compressed as the client takes them: "%s"', async (accepted, encoding) => {
    const search = new URLSearchParams({
      query: 'wide:cpu:nanoseconds:cpu:nanoseconds',
      ...RANGE,
      format: 'columns',
    });
    const url = `${query.url}/api/v1/flamegraph?${search.toString()}`;
    const response = await fetch(url, { headers: { 'accept-encoding': accepted } });
    expect([response.status, response.headers.get('content-encoding')]).toEqual([200, encoding]);
    expect(response.headers.get('vary')).toBe('accept-encoding');
    // `fetch` has unpacked them.
    const { tree } = decodeTree(new Uint8Array(await response.arrayBuffer()));
    expect([tree.count, tree.total[0]]).toEqual([202, (200 * 201) / 2]);
  });
});
