import { waitFor } from '@everflame/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accountOf } from '../../../bench/durability/accounting.ts';
import { overload, type OverloadFigures } from '../../../bench/durability/overload.ts';
import { DurabilityStack, type Ingest } from '../../../bench/durability/stack.ts';

const SECONDS = 15;
const PENDING_BYTES = 6_000_000;
const MIB = 1024 * 1024;

describe('twice of what an ingest process can take', () => {
  let stack: DurabilityStack;
  let ingest: Ingest;
  let figures: OverloadFigures;

  beforeAll(async () => {
    stack = await DurabilityStack.start();
    ingest = await stack.ingest('crowded', { INGEST_MAX_PENDING_BYTES: String(PENDING_BYTES) });
    await ingest.process.start();
    figures = await overload(stack, ingest, { seconds: SECONDS, stacks: 500 });
    await Promise.all(figures.crowd.modest.map((client) => client.stop()));
  });
  afterAll(() => stack.dispose());

  it('is refused with a code and a time to come back, and nothing else', () => {
    const { totals } = figures.crowd.greedy;
    // Which it is depends on what the machine has least of.
    const codes = [...totals.failures.keys()];
    expect(codes).not.toEqual([]);
    expect(['429 ingest_overloaded', '429 limit_rate_bytes']).toEqual(expect.arrayContaining(codes));
    expect(totals.withoutRetryAfter).toBe(0);
    expect(totals.acknowledged).toBeGreaterThan(0);
  });

  // A sender has a quarter of what is free: when the process pauses, what waits of the modest may be more for a moment.
  it('stores nearly all of those who ask for little', () => {
    for (const { totals } of figures.crowd.modest) {
      const { offered, acknowledged, withoutRetryAfter } = totals;
      expect(withoutRetryAfter).toBe(0);
      expect(acknowledged / offered).toBeGreaterThan(0.95);
      expect(acknowledged).toBeGreaterThan(0);
    }
  });

  it('does not fill the memory', () => {
    expect(figures.peakIngestBytes).toBeLessThan(1024 * MIB);
  });

  it('is over when it ends: all that was acknowledged is stored once, and ingest is ready', async () => {
    const { greedy, modest } = figures.crowd;
    const services = ['greedy', 'modest-11', 'modest-12', 'modest-13'];
    for (const [i, client] of [greedy, ...modest].entries()) {
      const { acknowledged, acknowledgedSum } = client.totals;
      const account = await waitFor(
        async () => {
          const stored = await accountOf(stack.reader, services[i] ?? '', client.fromMs);
          return stored.profiles >= acknowledged && stored;
        },
        { what: `${acknowledged} profiles to be queryable`, intervalMs: 200 },
      );
      expect(account).toEqual({ profiles: acknowledged, sum: acknowledgedSum, unresolved: 0 });
    }
    expect((await fetch(`${ingest.url}/readyz`)).status).toBe(200);
  });
});
