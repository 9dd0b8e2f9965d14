import { setTimeout as sleep } from 'node:timers/promises';
import { SeededRandom, waitFor } from '@everflame/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accountOf, settledAccount } from '../../bench/durability/accounting.ts';
import { KillPlan } from '../../bench/durability/kill-plan.ts';
import { LoadClient, type LoadOptions } from '../../bench/durability/load-client.ts';
import { DurabilityStack, type Ingest } from '../../bench/durability/stack.ts';
import { faultsOf } from '../../bench/durability/verification.ts';

const KILLS_OF_INGEST = 20;
const KILLS_OF_CLICKHOUSE = 3;
const KILLS_OF_BOTH = { clickhouseKills: 20, ingestKills: 10 };
const OUTAGE_MS = 60_000;
const LEFTOVER_BYTES = 200e6;
const SEED = 20_261_123;

describe('what was acknowledged', () => {
  let stack: DurabilityStack;
  let a: Ingest;
  let b: Ingest;
  const random = new SeededRandom(SEED);

  beforeAll(async () => {
    stack = await DurabilityStack.start();
    a = await stack.ingest('a');
    b = await stack.ingest('b');
    await Promise.all([a.process.start(), b.process.start()]);
  });
  afterAll(() => stack.dispose());

  const loadOn = (ingests: readonly Ingest[], options: Partial<LoadOptions>): LoadClient =>
    new LoadClient(
      ingests.map(({ url }) => url),
      { service: 'shop', concurrency: 6, seed: random.next(), pauseMs: 5, ...options },
    );
  /** Every profile is there once, with its value and everything that resolves it. */
  const expectExact = async (client: LoadClient, service: string): Promise<void> => {
    const totals = await client.stop();
    expect(totals.acknowledged).toBeGreaterThan(0);
    expect(await settledAccount(stack.reader, service, client.fromMs, totals)).toEqual({
      profiles: totals.acknowledged,
      sum: totals.acknowledgedSum,
      unresolved: 0,
    });
    expect(await faultsOf(stack.reader, client)).toEqual({ lost: 0, doubled: 0, wrong: 0, unresolved: 0 });
  };
  const readiness = async (ingest: Ingest): Promise<{ status: number; text: string }> => {
    const response = await fetch(`${ingest.url}/readyz`);
    return { status: response.status, text: await response.text() };
  };

  it(`survives ${KILLS_OF_INGEST} kill -9 of ingest under load`, async () => {
    const client = loadOn([a, b], { service: 'killed' });
    client.start();
    for (let round = 0; round < KILLS_OF_INGEST; round++) {
      const victim = round % 2 === 0 ? a : b;
      await victim.process.ready();
      const before = client.totals.acknowledged;
      await waitFor(() => client.totals.acknowledged > before + random.below(20), {
        what: 'pushes to be acknowledged',
        intervalMs: 1,
      });
      await victim.process.kill();
      victim.process.launch();
    }
    await Promise.all([a.process.ready(), b.process.ready()]);
    expect([...client.totals.failures.values()].reduce((sum, count) => sum + count, 0)).toBeGreaterThan(0);
    await expectExact(client, 'killed');
  });

  it(`survives ${KILLS_OF_CLICKHOUSE} kill -9 of ClickHouse under load, without a push that has to wait`, async () => {
    const client = loadOn([a, b], { service: 'storeless' });
    client.start();
    for (let round = 0; round < KILLS_OF_CLICKHOUSE; round++) {
      await sleep(500 + random.below(1000));
      await stack.clickhouse.kill();
      const before = client.totals.acknowledged;
      await waitFor(() => client.totals.acknowledged > before + 50, { what: 'pushes to be acknowledged' });
      await stack.clickhouse.start();
    }
    expect([...client.totals.failures]).toEqual([]);
    await expectExact(client, 'storeless');
  });

  it(`survives ${KILLS_OF_BOTH.clickhouseKills} kill -9 of ClickHouse amid inserts and ${KILLS_OF_BOTH.ingestKills} of ingest`, async () => {
    // Of hours that are over, so that every insert marks them.
    const client = loadOn([a, b], { service: 'both', concurrency: 4, stacks: 3, ageMs: 5 * 3_600_000 });
    client.start();
    const plan = new KillPlan(stack, [a, b], { ...KILLS_OF_BOTH, random });
    await plan.run();
    expect(plan.done).toEqual(KILLS_OF_BOTH);
    await expectExact(client, 'both');
  });

  it(`outlasts ${OUTAGE_MS / 1000} s without ClickHouse, ready all the time`, async () => {
    const client = loadOn([a, b], { service: 'outage', pauseMs: 20 });
    client.start();
    for (const kind of ['refuse', 'blackhole'] as const) {
      await stack.proxy.setMode({ kind });
      await sleep(OUTAGE_MS / 2);
      const ready = await readiness(a);
      expect(ready.status).toBe(200);
      expect(ready.text).toMatch(/inserting fails|taken into the spool/);
    }
    await stack.proxy.setMode({ kind: 'pass' });
    expect([...client.totals.failures]).toEqual([]);
    await expectExact(client, 'outage');
  });

  it('counts once though a client sends it three times to two processes', async () => {
    const client = loadOn([a], { service: 'thrice' });
    let sum = 0;
    for (let i = 0; i < 20; i++) {
      const profile = client.profile();
      sum += profile.sum;
      const outcomes = await Promise.all(
        [a, b, a].map(({ url }) => client.attempt(url, profile.path, profile.body)),
      );
      expect(outcomes).toEqual(['201', '201', '201']);
    }
    await waitFor(async () => (await accountOf(stack.reader, 'thrice', client.fromMs)).profiles >= 20, {
      what: 'the profiles to be queryable',
    });
    // The segments of the later copies have to be through as well.
    await loadOn([a, b], { service: 'thrice-after' }).push(4);
    await waitFor(async () => (await accountOf(stack.reader, 'thrice-after', client.fromMs)).profiles >= 4, {
      what: 'what came after them to be queryable',
    });
    expect(await accountOf(stack.reader, 'thrice', client.fromMs)).toEqual({
      profiles: 20,
      sum,
      unresolved: 0,
    });
  });

  it('is never more than the budget of the spool, and everything is taken again when there is room', async () => {
    const small = await stack.ingest('small', {
      INGEST_SPOOL_MAX_BYTES: '200000',
      INGEST_SPOOL_SEGMENT_BYTES: '50000',
    });
    await small.process.start();
    await stack.proxy.setMode({ kind: 'refuse' });
    const client = loadOn([small], { service: 'budget', stacks: 50, pauseMs: 0 });
    client.start();
    await waitFor(() => client.totals.failures.has('429 spool_full'), { what: 'the spool to be full' });
    const full = await readiness(small);
    expect(full.status).toBe(503);
    expect(full.text).toMatch(/the spool is full: \d+ of 200000 bytes/);
    await stack.proxy.setMode({ kind: 'pass' });
    await expectExact(client, 'budget');
    await waitFor(async () => (await readiness(small)).status === 200, { what: 'the service to be ready' });
    // What was on its way when the spool was full may rely on dictionary rows that were refused.
    expect(['429 spool_full', '503 dictionary_lost']).toEqual(
      expect.arrayContaining([...client.totals.failures.keys()]),
    );
  });

  it('is kept from a second process on the same folder', async () => {
    const second = await stack.ingest('a');
    second.process.launch();
    expect(await second.process.ended()).toBe(1);
    expect(second.process.output).toMatch(/is in use by process \d+/);
    expect((await readiness(a)).status).toBe(200);
  });

  it('is inserted after a start without ClickHouse', async () => {
    await a.process.kill();
    await stack.proxy.setMode({ kind: 'refuse' });
    await a.process.start();
    const client = loadOn([a], { service: 'early' });
    await client.push(30);
    await a.process.kill();
    await stack.proxy.setMode({ kind: 'pass' });
    await a.process.start();
    await expectExact(client, 'early');
  });

  it(`is taken up from ${LEFTOVER_BYTES / 1e6} MB of spool after a kill -9`, async () => {
    const spoolBytes = async (): Promise<number> => {
      const metrics = await (await fetch(`${a.url}/metrics`)).text();
      return Number(/^everflame_ingest_spool_bytes\S* (\S+)/m.exec(metrics)?.[1] ?? Number.NaN);
    };
    await stack.proxy.setMode({ kind: 'refuse' });
    const client = loadOn([a], {
      service: 'leftover',
      concurrency: 8,
      stacks: 4000,
      isWarm: true,
      pauseMs: 0,
    });
    client.start();
    await waitFor(async () => (await spoolBytes()) >= LEFTOVER_BYTES, {
      what: 'the spool to fill',
      timeoutMs: 200_000,
    });
    await client.stop();
    await a.process.kill();
    await stack.proxy.setMode({ kind: 'pass' });
    await a.process.start();
    await expectExact(client, 'leftover');
    expect(await spoolBytes()).toBe(0);
  });
});
