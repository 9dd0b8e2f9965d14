import { waitFor } from '@everflame/testkit';
import { describe, expect, it } from 'vitest';
import { Repeating } from '../src/index.ts';

const NEVER_MS = 1_000_000;

describe('Repeating', () => {
  it('begins at once, and again after as many ms as the work says', async () => {
    let times = 0;
    const repeating = new Repeating(() => Promise.resolve(++times < 3 ? 1 : NEVER_MS));
    expect(times).toBe(1);
    await waitFor(() => times === 3, { what: 'the third time' });
    await repeating.stop();
    expect(times).toBe(3);
  });

  it('is hurried while it rests', async () => {
    let times = 0;
    const repeating = new Repeating(() => Promise.resolve(++times && NEVER_MS));
    repeating.hurry();
    await waitFor(() => times === 2, { what: 'the second time' });
    await repeating.stop();
  });

  it('does nothing twice at once, but tells what runs that the next time is wanted', async () => {
    const ends: (() => void)[] = [];
    const signals: AbortSignal[] = [];
    const repeating = new Repeating(async (signal) => {
      signals.push(signal);
      await new Promise<void>((resolve) => ends.push(resolve));
      return NEVER_MS;
    });
    repeating.hurry();
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
    ends[0]?.();
    await waitFor(() => signals.length === 2, { what: 'the second time' });
    let isStopped = false;
    const stopped = repeating.stop().then(() => (isStopped = true));
    await Promise.resolve();
    expect([signals[1]?.aborted, isStopped]).toEqual([true, false]);
    ends[1]?.();
    await stopped;
    expect(signals).toHaveLength(2);
  });
});
