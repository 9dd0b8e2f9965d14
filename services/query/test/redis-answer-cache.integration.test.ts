import { waitFor, quietLogger } from '@everflame/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RedisAnswerCache } from '../src/adapters/redis-answer-cache.ts';
import { AnswerRedis } from './support/cached-answers.ts';

let kept: AnswerRedis;

beforeAll(async () => {
  kept = await AnswerRedis.start();
});
afterAll(() => kept.stop());

describe('RedisAnswerCache', () => {
  it('keeps to its budget and lets what was used least recently go', async () => {
    await kept.client.flushall();
    const options = { url: kept.url, maxBytes: 1000, namespace: 'test' };
    const cache = new RedisAnswerCache(options, quietLogger());
    try {
      const bytes = Buffer.alloc(100, 1);
      await waitFor(
        async () => {
          await cache.put('0', bytes);
          return cache.get('0');
        },
        { what: 'a connection' },
      );
      for (let key = 1; key < 10; key++) await cache.put(String(key), bytes);
      expect(await kept.entries()).toHaveLength(10);
      expect(await cache.get('0')).toEqual(bytes);
      await cache.put('10', bytes);
      await cache.put('11', Buffer.alloc(120, 2));
      expect(await cache.get('1')).toBeUndefined();
      expect(await cache.get('11')).toHaveLength(120);
      const sizes = await Promise.all((await kept.entries()).map((entry) => kept.client.strlen(entry)));
      expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(1000);
      await cache.put('large', Buffer.alloc(500));
      expect(await cache.get('large')).toBeUndefined();
      await cache.put('11', bytes);
      expect(Number(await kept.client.get('{everflame:query:test}:bytes'))).toBe(
        (await kept.entries()).length * bytes.length,
      );
    } finally {
      cache.close();
    }
  });
});
