import { join } from 'node:path';
import { SeededRandom, waitFor } from '@everflame/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { settledAccount } from '../../../bench/durability/accounting.ts';
import { LoadClient } from '../../../bench/durability/load-client.ts';
import { DurabilityStack, type Ingest } from '../../../bench/durability/stack.ts';
import { describeWithDisks, refusalsOf, SmallDisk, Tampering } from './support.ts';

const SEED = 20_261_130;
const DISK_MB = 256;
/** Moments of an insert, a merge or a change of a table at which the disk of the engine is found full. */
const REFUSED_CALLS = [
  ['mkdir,mkdirat', 'error=ENOSPC:when=1+'],
  ['pwrite64,ftruncate,fallocate', 'error=ENOSPC:when=1+'],
  ['fsync,fdatasync', 'error=EIO:when=1+'],
  ['rename,renameat,renameat2', 'error=ENOSPC:when=1+'],
  ['rename,renameat,renameat2', 'error=ENOSPC:when=2+'],
] as const;

describeWithDisks('the disk of ClickHouse', () => {
  const random = new SeededRandom(SEED);
  let disk: SmallDisk;
  let stack: DurabilityStack;
  let ingest: Ingest;

  beforeAll(async () => {
    stack = await DurabilityStack.start();
    await stack.clickhouse.stop();
    disk = SmallDisk.mount(join(stack.folder, 'clickhouse'), DISK_MB);
    await stack.clickhouse.start();
    ingest = await stack.ingest('steady');
    await ingest.process.start();
  });
  afterAll(async () => {
    await ingest.process.kill();
    await stack.clickhouse.kill();
    disk.unmount();
    await stack.dispose();
  });

  const load = (service: string): LoadClient => {
    const client = new LoadClient([ingest.url], {
      service,
      concurrency: 4,
      seed: random.next(),
      pauseMs: 10,
    });
    client.start();
    return client;
  };
  const acknowledged = (client: LoadClient, more: number): Promise<unknown> => {
    const enough = client.totals.acknowledged + more;
    return waitFor(() => client.totals.acknowledged >= enough, { what: `${more} pushes to be acknowledged` });
  };
  /** Ingest is ready throughout, and says what it waits for. */
  const untilInsertingFails = (): Promise<string> =>
    waitFor(
      async () => {
        const response = await fetch(`${ingest.url}/readyz`);
        expect(response.status).toBe(200);
        const text = await response.text();
        return /inserting fails/.test(text) && text;
      },
      { what: 'inserting to fail' },
    );
  const expectExact = async (client: LoadClient, service: string): Promise<void> => {
    const totals = await client.stop();
    expect(refusalsOf(client)).toEqual([]);
    expect(await settledAccount(stack.reader, service, client.fromMs, totals)).toEqual({
      profiles: totals.acknowledged,
      sum: totals.acknowledgedSum,
      unresolved: 0,
    });
  };

  it('that is slow keeps no push waiting', async () => {
    const tampering = await Tampering.start(stack.clickhouse.pid, 'fsync,fdatasync', 'delay_exit=200000');
    const client = load('slow');
    try {
      await acknowledged(client, 200);
    } finally {
      await tampering.end();
    }
    await expectExact(client, 'slow');
  });

  it('that is full refuses no push, and everything is inserted when there is room', async () => {
    const client = load('full');
    for (let round = 0; round < 4; round++) {
      await acknowledged(client, 20 + random.below(100));
      disk.fill();
      expect(await untilInsertingFails()).toMatch(/segments wait/);
      await acknowledged(client, 20);
      disk.empty();
    }
    await expectExact(client, 'full');
  });

  it.each(REFUSED_CALLS)(
    'that fails at %s with %s loses nothing that was acknowledged, and doubles nothing',
    async (calls, how) => {
      const service = `calls-${calls.length}-${how.length}-${how.at(-2)}`;
      const client = load(service);
      await acknowledged(client, 20 + random.below(50));
      const tampering = await Tampering.start(stack.clickhouse.pid, calls, how);
      try {
        await acknowledged(client, 100);
      } finally {
        await tampering.end();
      }
      await expectExact(client, service);
    },
  );

  it('that becomes read-only refuses no push, answers questions, and takes inserts again by itself', async () => {
    const before = load('before');
    await acknowledged(before, 50);
    await expectExact(before, 'before');
    const client = load('read-only');
    disk.makeReadOnly();
    try {
      await untilInsertingFails();
      await acknowledged(client, 50);
      await expectExact(before, 'before');
    } finally {
      disk.makeWritable();
    }
    await expectExact(client, 'read-only');
  });

  it('that is full, and a ClickHouse that is killed then, lose nothing', async () => {
    const client = load('killed');
    await acknowledged(client, 50);
    disk.fill();
    await untilInsertingFails();
    await stack.clickhouse.kill();
    await acknowledged(client, 50);
    disk.empty();
    await stack.clickhouse.start();
    await expectExact(client, 'killed');
  });
});
