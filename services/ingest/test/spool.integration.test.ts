import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LabelSet } from '@everflame/profile';
import { type ClickHouse, migrate, openClickHouse } from '@everflame/storage';
import {
  FaultProxy,
  type FreshDatabase,
  freshDatabase,
  startTestClickHouse,
  type TestClickHouse,
  waitFor,
  pprofOfCollapsed,
} from '@everflame/testkit';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { clickhouseProfileStore } from '../src/adapters/clickhouse-profile-store.ts';
import { ProfileFlattener } from '../src/application/flatten/flatten-profile.ts';
import { appendRowRecord, senderOfRecord } from '../src/application/record/row-record.ts';
import type { Spool } from '../src/application/spool/spool.ts';
import { AnswerProxy } from './support/answer-proxy.ts';
import { type BenchOptions, SpoolBench } from './support/spool-bench.ts';

/** Makes records as the service does. Every profile has a stack and a value of its own. */
class Recorder {
  readonly #flattener = new ProfileFlattener();
  readonly #service: string;
  #next = 0;

  constructor(service: string) {
    this.#service = service;
  }

  record(value: number, generation = 0): Uint8Array {
    this.#next += 1;
    return this.#flattener.flatten({
      tenant: 'default',
      labels: LabelSet.fromEntries([['service_name', this.#service]]).entries(),
      profileName: 'process_cpu',
      pprof: pprofOfCollapsed({ stacks: [`main;own${this.#next} ${value}`] }),
      timeMs: Date.now() - 60_000 + this.#next,
      durationMs: 10_000,
      kinds: new Map(),
      idempotencyKey: '',
      nowMs: Date.now(),
      generation,
    }).record;
  }
}

describe('the spool in front of ClickHouse', () => {
  let server: TestClickHouse;
  let database: FreshDatabase;
  let clickhouse: ClickHouse;
  let faults: FaultProxy;
  let answers: AnswerProxy;
  const clients: ClickHouse[] = [];
  let bench: SpoolBench;
  let service: string;
  let recorder: Recorder;
  let tests = 0;

  const clientFor = (url: string, requestTimeoutMs: number): ClickHouse => {
    const client = openClickHouse({ url, database: database.name, requestTimeoutMs });
    clients.push(client);
    return client;
  };

  beforeAll(async () => {
    server = await startTestClickHouse();
    database = await freshDatabase(server.url);
    clickhouse = clientFor(server.url, 30_000);
    faults = await FaultProxy.start(Number(new URL(server.url).port));
    answers = await AnswerProxy.start(server.url);
    await migrate(clickhouse, { embedded: true });
  });
  afterAll(async () => {
    await faults.close();
    answers.close();
    for (const client of clients) await client.close();
    await database.drop();
    await server.stop();
  });
  beforeEach(() => {
    bench = new SpoolBench();
    service = `service-${tests++}`;
    recorder = new Recorder(service);
  });
  afterEach(async () => {
    await faults.setMode({ kind: 'pass' });
    answers.fault = 'none';
    await bench.dispose();
  });

  const spoolOn = (client: ClickHouse, options: BenchOptions = {}): Promise<Spool> =>
    bench.open({
      store: clickhouseProfileStore(client),
      appendRecord: appendRowRecord,
      senderOf: senderOfRecord,
      prepare: () => migrate(client, { embedded: true }),
      ...options,
      settings: { backoff: { baseMs: 20, maxMs: 200 }, ...options.settings },
    });
  const run = (text: string): Promise<void> => clickhouse.command({ text, params: {} });
  const number = async (text: string): Promise<number> =>
    (await clickhouse.select({ text, params: {} })).numbers('n')[0] ?? NaN;
  /** As they are read: what was inserted again while its outcome was unknown counts once. */
  const rows = (): Promise<number> =>
    number(`SELECT toFloat64(count()) AS n FROM profiles FINAL WHERE service = '${service}'`);
  const sum = (): Promise<number> =>
    number(`SELECT toFloat64(sum(total)) AS n FROM profiles FINAL WHERE service = '${service}'`);
  const unresolved = (): Promise<number> =>
    number(`
      SELECT toFloat64(count()) AS n FROM (SELECT arrayJoin(stacks) AS id FROM profiles WHERE service = '${service}')
      WHERE id NOT IN (SELECT stack FROM stacks WHERE service = '${service}'
        AND arrayAll(frame -> frame IN (SELECT id FROM frames), frames))`);
  const add = (spool: Spool, value: number): Promise<void> =>
    spool.add(recorder.record(value, spool.generation), spool.generation);
  const emptied = (): Promise<unknown> =>
    waitFor(() => bench.folder.segments().length === 0, { what: 'every segment to be inserted' });
  const expectStored = async (values: readonly number[]): Promise<void> => {
    expect([await rows(), await sum(), await unresolved()]).toEqual([
      values.length,
      values.reduce((total, value) => total + value, 0),
      0,
    ]);
  };

  it('stores every record once, with everything that it refers to', async () => {
    const spool = await spoolOn(clickhouse);
    const values = Array.from({ length: 300 }, (_, i) => i + 1);
    for (const value of values) await add(spool, value);
    await emptied();
    await expectStored(values);
  });

  it.each([
    ['refuses connections', { kind: 'refuse' }],
    ['takes connections and answers nothing', { kind: 'blackhole' }],
  ] as const)('takes pushes while ClickHouse %s, also before its first insert', async (_, mode) => {
    await faults.setMode(mode);
    const spool = await spoolOn(clientFor(`http://127.0.0.1:${faults.port}`, 500));
    for (const value of [1, 2, 3]) await add(spool, value);
    expect(spool.failure).toBe('');
    await waitFor(() => spool.level.insertFailure !== '', { what: 'a failed attempt' });
    await faults.setMode({ kind: 'pass' });
    await emptied();
    await expectStored([1, 2, 3]);
    expect(spool.level.insertFailure).toBe('');
  });

  it.each(['status 500', 'cut off', 'never'] as const)(
    'stores once what ClickHouse had committed when its answer is failed: %s',
    async (fault) => {
      const spool = await spoolOn(clientFor(answers.url, 700));
      answers.fault = fault;
      answers.failed = 0;
      for (const value of [5, 6, 7]) await add(spool, value);
      await waitFor(() => answers.failed >= 3, { what: 'several failed answers' });
      answers.fault = 'none';
      await emptied();
      await expectStored([5, 6, 7]);
      expect(bench.folder.quarantine()).toEqual([]);
    },
  );

  it('sets the records aside that ClickHouse refuses, and stores all others and every dictionary row', async () => {
    await run('ALTER TABLE profiles ADD CONSTRAINT poison CHECK total NOT IN (666, 667)');
    try {
      const spool = await spoolOn(clickhouse, { settings: { segmentAgeMs: 200 } });
      const values = Array.from({ length: 24 }, (_, i) => (i === 5 ? 666 : i === 20 ? 667 : i + 1));
      await Promise.all(values.map((value) => add(spool, value)));
      await emptied();
      await expectStored(values.filter((value) => value < 666));
      expect(bench.counts.aside).toEqual({ refused: 2 });
      expect(spool.generation).toBe(0);
      expect(
        await number(`SELECT toFloat64(uniq(stack)) AS n FROM stacks WHERE service = '${service}'`),
      ).toBe(24);
      const report = bench.folder.quarantine().find((name) => name.endsWith('.json')) ?? '';
      expect(readFileSync(join(bench.folder.path, 'quarantine', report), 'utf8')).toMatch(
        /poison|CONSTRAINT/,
      );
    } finally {
      await run('ALTER TABLE profiles DROP CONSTRAINT poison');
    }
  });

  it('makes records carry their dictionary rows again when some were refused', async () => {
    await run(`ALTER TABLE frames ADD CONSTRAINT poison CHECK name != 'own1'`);
    try {
      const spool = await spoolOn(clickhouse);
      await add(spool, 1);
      await emptied();
      expect(spool.generation).toBe(1);
      // Made before, it lacks the frame that both have; the next record brings it, for this one too.
      await spool.add(recorder.record(2, 0), 0);
      await add(spool, 3);
      await emptied();
      await expectStored([2, 3]);
    } finally {
      await run('ALTER TABLE frames DROP CONSTRAINT poison');
    }
  });

  it('holds everything back while a table is not as it should be', async () => {
    await run('RENAME TABLE profiles TO profiles_aside');
    let spool: Spool;
    try {
      spool = await spoolOn(clickhouse);
      await run('CREATE TABLE IF NOT EXISTS profiles (tenant String) ENGINE = MergeTree ORDER BY tenant');
      for (const value of [1, 2, 3]) await add(spool, value);
      await waitFor(() => bench.counts.attempts.refused + bench.counts.attempts.unavailable > 2, {
        what: 'several attempts',
      });
      expect(bench.folder.quarantine()).toEqual([]);
    } finally {
      await run('DROP TABLE IF EXISTS profiles SYNC');
      await run('RENAME TABLE profiles_aside TO profiles');
    }
    await emptied();
    await expectStored([1, 2, 3]);
  });

  it('inserts twenty segments that were left behind, with few of them in memory', async () => {
    await faults.setMode({ kind: 'refuse' });
    const before = await spoolOn(clientFor(`http://127.0.0.1:${faults.port}`, 500), {
      settings: { segmentBytes: 20 << 10 },
    });
    const STACKS = 70;
    const padded = Array.from({ length: STACKS }, (_, i) => `frame_${i}_${'x'.repeat(30)}`);
    let count = 0;
    while (before.level.bytes < 500 << 10) {
      const flattener = new ProfileFlattener();
      const { record } = flattener.flatten({
        tenant: 'default',
        labels: [['service_name', service]],
        profileName: 'process_cpu',
        pprof: pprofOfCollapsed({ stacks: padded.map((frame) => `main;${frame};leaf${count} 1`) }),
        timeMs: Date.now() - 100_000 + count,
        durationMs: 10_000,
        kinds: new Map(),
        idempotencyKey: '',
        nowMs: Date.now(),
        generation: 0,
      });
      await before.add(record, before.generation);
      count += 1;
    }
    await before.close();
    await faults.setMode({ kind: 'pass' });
    expect(bench.folder.segments().length).toBeGreaterThan(15);
    const spool = await spoolOn(clickhouse);
    let most = 0;
    await waitFor(
      () => {
        most = Math.max(most, spool.level.segmentsInMemory);
        return bench.folder.segments().length === 0;
      },
      { what: 'every segment to be inserted', timeoutMs: 50_000 },
    );
    expect(most).toBeLessThanOrEqual(4);
    expect([await rows(), await sum()]).toEqual([count, count * STACKS]);
  });
});
