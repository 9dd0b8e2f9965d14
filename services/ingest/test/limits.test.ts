import { readFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { hashStrings } from '@everflame/profile';
import { describe, expect, it } from 'vitest';
import { LIMITS, limitsOf } from '../src/application/limits/limit-settings.ts';
import { RateLimits, TokenBucket } from '../src/application/limits/rate-limits.ts';
import { RecentBytes } from '../src/application/limits/recent-bytes.ts';
import { ReceiveBudget } from '../src/application/limits/receive-budget.ts';
import { SeriesBudget, seriesBudgetMemory } from '../src/application/limits/series-budget.ts';
import { keySetsMemory, SharedKeySets } from '../src/application/limits/shared-key-sets.ts';
import { clientOf, StreamLimits } from '../src/application/limits/stream-limits.ts';

const DAY_MS = 86_400_000;
const SEED = 0x1234_5678;
const key = (text: string) => hashStrings([text]);

describe('a token bucket', () => {
  it('lets a burst through at once, then no more than its rate', () => {
    const bucket = new TokenBucket(100, 1000, 0);
    expect(bucket.take(600, 0)).toBe(0);
    expect(bucket.take(400, 0)).toBe(0);
    expect(bucket.take(50, 0)).toBe(500);
    expect(bucket.take(50, 499)).toBe(1);
    expect(bucket.take(50, 500)).toBe(0);
    expect(bucket.take(1, 500)).toBe(10);
  });

  it('holds no more than its burst, however long nothing is taken', () => {
    const bucket = new TokenBucket(100, 1000, 0);
    expect(bucket.take(1000, 1e9)).toBe(0);
    expect(bucket.take(10, 1e9)).toBe(100);
  });

  it('lets through what is larger than its burst when it is full, and is owed it', () => {
    const bucket = new TokenBucket(100, 1000, 0);
    expect(bucket.take(3000, 0)).toBe(0);
    expect(bucket.take(1, 0)).toBe(20_010);
    expect(bucket.take(3000, 20_000)).toBe(10_000);
    expect(bucket.take(3000, 30_000)).toBe(0);
  });

  it('gives nothing for a clock that is set back', () => {
    const bucket = new TokenBucket(100, 1000, 10_000);
    expect(bucket.take(1000, 10_000)).toBe(0);
    expect(bucket.take(100, 5000)).toBe(1000);
    expect(bucket.take(100, 6000)).toBe(0);
  });
});

describe('what was sent lately', () => {
  it('tells who sent more than the mean, and nobody who is alone', () => {
    const recent = new RecentBytes();
    recent.add('greedy', 100, 0);
    expect(recent.isAboveMean('greedy', 0)).toBe(false);
    recent.add('modest', 10, 0);
    expect(['greedy', 'modest', 'new'].map((sender) => recent.isAboveMean(sender, 0))).toEqual([
      true,
      false,
      false,
    ]);
  });

  it('is forgotten after two windows', () => {
    const recent = new RecentBytes();
    recent.add('greedy', 100, 0);
    recent.add('modest', 10, 0);
    expect(recent.isAboveMean('greedy', 5000)).toBe(true);
    recent.add('greedy', 5, 5000);
    recent.add('modest', 10, 5000);
    expect(recent.isAboveMean('modest', 10_000)).toBe(true);
    expect(recent.isAboveMean('modest', 30_000)).toBe(false);
  });

  it('takes bounded memory: beyond 10,000 senders the others count as one', () => {
    const recent = new RecentBytes();
    for (let i = 0; i < 10_100; i++) recent.add(`sender ${i}`, 1, 0);
    expect(recent.isAboveMean('', 0)).toBe(true);
    expect(recent.isAboveMean('sender 1', 0)).toBe(false);
  });
});

describe('the bytes per second of a tenant', () => {
  it('leave half of a burst to those who send less than others', () => {
    const limits = new RateLimits(1000, 2000);
    limits.admit('a', 1000, 0, true);
    expect(() => limits.admit('a', 100, 0, true)).toThrow(expect.objectContaining({ retryAfterMs: 100 }));
    limits.admit('a', 1000, 0);
    expect(() => limits.admit('a', 100, 1000, true)).toThrow(expect.objectContaining({ retryAfterMs: 100 }));
    limits.admit('a', 100, 1100, true);
  });

  it('are counted for each tenant, and what is refused says when to come back', () => {
    const limits = new RateLimits(1000, 2000);
    limits.admit('a', 2000, 0);
    limits.admit('b', 2000, 0);
    expect(() => limits.admit('a', 500, 0)).toThrow(
      expect.objectContaining({
        code: 'limit_rate_bytes',
        kind: 'exhausted',
        isRetryable: true,
        retryAfterMs: 500,
        message: expect.stringMatching(/1000 bytes per second.*2000 at once.*got 500 bytes/),
      }),
    );
    limits.admit('a', 500, 500);
  });
});

describe('streams of a client', () => {
  it('are refused beyond the limit, and counted down once each', () => {
    const limits = new StreamLimits(2);
    const first = limits.open('10.0.0.7');
    limits.open('10.0.0.7');
    limits.open('10.0.0.8');
    expect(limits.count).toBe(3);
    expect(() => limits.open('10.0.0.7')).toThrow(
      expect.objectContaining({
        code: 'limit_streams',
        kind: 'exhausted',
        message: expect.stringMatching(/2 per client/),
      }),
    );
    first();
    first();
    expect(limits.count).toBe(2);
    limits.open('10.0.0.7');
    expect(() => limits.open('10.0.0.7')).toThrow(/limited/);
  });

  it.each([
    ['10.0.0.7:51234', '10.0.0.7'],
    ['ipv4:10.0.0.7:51234', '10.0.0.7'],
    ['[::1]:51234', '[::1]'],
    ['unix:/run/socket', 'unix:/run/socket'],
  ])('of %s are those of %s', (peer, client) => {
    expect(clientOf(peer)).toBe(client);
  });
});

describe('bytes of messages that are not complete', () => {
  const budgetOf = (maxBytes: number, read: Readonly<Record<string, number>>) => {
    const budget = new ReceiveBudget(maxBytes);
    const counts = new Map(Object.entries(read));
    for (const peer of counts.keys()) budget.open(peer, () => counts.get(peer) ?? 0);
    return { budget, counts };
  };

  it('are what came in less what is complete', () => {
    const { budget, counts } = budgetOf(1e6, { a: 50_000, b: 9000 });
    expect(budget.unfinishedBytes).toBe(59_000);
    budget.settle('a', 20_000);
    expect(budget.unfinishedBytes).toBeLessThan(39_000);
    budget.settle('a', 1e9);
    expect(budget.unfinishedBytes).toBe(9000);
    counts.set('a', 50_500);
    expect(budget.unfinishedBytes).toBe(9500);
    budget.close('b');
    budget.settle('b', 1);
    expect(budget.unfinishedBytes).toBe(500);
  });

  it('over the limit cost the connections that hold the most of them, and no more than needed', () => {
    const { budget } = budgetOf(100, { a: 60, b: 80, c: 10, d: 70 });
    expect(budget.excess()).toEqual(['b', 'd']);
    budget.close('b');
    budget.close('d');
    expect(budget.excess()).toEqual([]);
  });
});

describe('shared sets of keys', () => {
  it('take keys up to the limit of each set, and those that are in it again', () => {
    const sets = new SharedKeySets(keySetsMemory(1000, 100, SEED));
    const admitted = Array.from({ length: 10 }, (_, i) => sets.admit(key('a'), key(`m${i}`), 4, 1));
    expect(admitted.filter(Boolean)).toHaveLength(4);
    expect(sets.admit(key('a'), key('m0'), 4, 1)).toBe(true);
    expect(sets.admit(key('b'), key('m9'), 4, 1)).toBe(true);
    const hasRoom = (['a', 'b', 'c'] as const).map((set, i) =>
      sets.admit(key(set), key('new'), [4, 1, 1][i] ?? 0, 1),
    );
    expect(hasRoom).toEqual([false, false, true]);
  });

  it('are empty again in another epoch', () => {
    const sets = new SharedKeySets(keySetsMemory(1000, 100, SEED));
    expect([1, 1, 2].map((epoch, i) => sets.admit(key('a'), key(`m${i}`), 1, epoch))).toEqual([
      true,
      false,
      true,
    ]);
  });

  it('start over when they are full, and never grow', () => {
    const memory = keySetsMemory(100, 10, SEED);
    const size = memory.shared.byteLength;
    const sets = new SharedKeySets(memory);
    for (let i = 0; i < 10_000; i++) {
      expect(sets.admit(key(`s${i % 50}`), key(`m${i}`), 1e6, 1)).toBe(true);
    }
    expect(memory.shared.byteLength).toBe(size);
    expect(sets.admit(key('s49'), key('new'), 200, 1)).toBe(true);
  });

  it('are shared by threads', async () => {
    const memory = keySetsMemory(10_000, 10, SEED);
    const here = new SharedKeySets(memory);
    expect(here.admit(key('a'), key('m0'), 10, 1)).toBe(true);
    const there = new Worker(
      `const { parentPort, workerData } = require('node:worker_threads');
       const copy = new Uint8Array(workerData.shared).slice();
       parentPort.postMessage(copy.some((byte, i) => i >= 64 && byte !== 0));`,
      { eval: true, workerData: memory },
    );
    const isSeen = await new Promise((resolve, reject) =>
      there.once('message', resolve).once('error', reject),
    );
    await there.terminate();
    expect(isSeen).toBe(true);
    expect(new SharedKeySets(memory).admit(key('a'), key('m1'), 1, 1)).toBe(false);
  });
});

describe('the series of a tenant', () => {
  const budgetOf = (series: number, sampleLabelSets: number) =>
    new SeriesBudget(seriesBudgetMemory({ series, sampleLabelSets }, SEED));

  it('are refused beyond the limit of the day, except those that are known', () => {
    const budget = budgetOf(3, 10);
    for (const name of ['x', 'y', 'z', 'x']) budget.admitSeries('a', key(name), 1000);
    expect(() => budget.admitSeries('a', key('w'), 1000)).toThrow(
      expect.objectContaining({ code: 'limit_series', kind: 'too_large' }),
    );
    budget.admitSeries('a', key('y'), 1000);
    budget.admitSeries('b', key('w'), 1000);
    budget.admitSeries('a', key('w'), 1000 + DAY_MS);
  });

  it('keep as many sets of sample labels as there may be for each service and profile name', () => {
    const budget = budgetOf(100, 2);
    const cpu = { tenant: 'a', service: 'shop', profileName: 'process_cpu' };
    const admitted = ['1', '2', '3', '2'].map((user) => budget.admitLabelSet(cpu, key(user), 0));
    expect(admitted).toEqual([true, true, false, true]);
    expect(budget.admitLabelSet({ ...cpu, profileName: 'wall' }, key('3'), 0)).toBe(true);
    expect(budget.admitLabelSet({ ...cpu, service: 'cart' }, key('3'), 0)).toBe(true);
  });
});

describe('the limits', () => {
  it('have their defaults unless they are changed', () => {
    expect(limitsOf()).toMatchObject({ compressedBytes: 16 * 2 ** 20, series: 200_000, depth: 1024 });
    expect(limitsOf({ depth: 8 })).toMatchObject({ depth: 8, samples: 1_000_000 });
  });

  it.each(Object.values(LIMITS).filter(({ consequence }) => consequence === 'refused'))(
    '$code is documented',
    ({ code }) => {
      expect(readFileSync(new URL('../../../docs/api.md', import.meta.url), 'utf8')).toContain(`\`${code}\``);
    },
  );
});
