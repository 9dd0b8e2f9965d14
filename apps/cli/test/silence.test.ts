import { FakeClock } from '@everflame/testkit';
import { describe, expect, it } from 'vitest';
import { Silence } from '../src/up/supervision/silence.ts';

const POLICY = { intervalMs: 5000, timeoutMs: 5000, silenceMs: 30_000 };
const HOUR_MS = 3_600_000;

describe('Silence', () => {
  it.each([
    {
      name: 'is as long as no question was answered',
      steps: [
        [5000, 'missed'],
        [5000, 'missed'],
      ],
      ms: 10_000,
    },
    {
      name: 'ends with an answer',
      steps: [
        [5000, 'missed'],
        [5000, 'answered'],
      ],
      ms: 0,
    },
    {
      name: 'begins with the last answer',
      steps: [
        [5000, 'answered'],
        [10_000, 'missed'],
      ],
      ms: 10_000,
    },
    {
      name: 'reaches the limit after six questions',
      steps: Array.from({ length: 6 }, () => [5000, 'missed']),
      ms: 30_000,
    },
    { name: 'counts a sleep of hours as one question', steps: [[HOUR_MS, 'missed']], ms: 10_000 },
    {
      name: 'does not count a sleep that an answer follows',
      steps: [
        [HOUR_MS, 'answered'],
        [5000, 'missed'],
      ],
      ms: 5000,
    },
  ] as const)('$name', ({ steps, ms }) => {
    const clock = new FakeClock();
    const silence = new Silence(POLICY, () => clock.now());
    for (const [afterMs, outcome] of steps) {
      clock.advance(Number(afterMs));
      if (outcome === 'missed') silence.goOn();
      else silence.end();
    }
    expect(silence.ms).toBe(ms);
  });
});
