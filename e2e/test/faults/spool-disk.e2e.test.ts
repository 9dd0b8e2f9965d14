import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SeededRandom, waitFor } from '@everflame/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { accountOf, settledAccount } from '../../../bench/durability/accounting.ts';
import { LoadClient } from '../../../bench/durability/load-client.ts';
import { DurabilityStack, type Ingest } from '../../../bench/durability/stack.ts';
import { describeWithDisks, refusalsOf, SmallDisk, Tampering } from './support.ts';

const SEED = 20_261_129;
const DISK_MB = 24;
/** Moments of a push at which the disk is found full: the first write, between two, while a failed one is taken back. */
const REFUSED_CALLS = [
  ['pwrite64', 'error=ENOSPC:when=1+'],
  ['pwrite64', 'error=ENOSPC:when=2+'],
  ['pwrite64', 'error=ENOSPC:when=7+'],
  ['fdatasync', 'error=ENOSPC:when=1+'],
  ['fdatasync', 'error=EIO:when=4+'],
  ['fsync', 'error=ENOSPC:when=1+'],
  ['pwrite64,ftruncate', 'error=ENOSPC:when=3+'],
  ['pwrite64,fdatasync,unlink', 'error=ENOSPC:when=2+'],
] as const;

describeWithDisks('the disk of the spool', () => {
  const random = new SeededRandom(SEED);
  const folder = mkdtempSync(join(tmpdir(), 'everflame-spool-disk-'));
  let disk: SmallDisk;
  let stack: DurabilityStack;
  let ingest: Ingest;
  let spoolFolder: string;

  beforeAll(async () => {
    disk = SmallDisk.mount(join(folder, 'disk'), DISK_MB);
    stack = await DurabilityStack.start();
    spoolFolder = join(disk.folder, 'spool');
    ingest = await stack.ingest('disk', { INGEST_SPOOL_DIR: spoolFolder });
    await ingest.process.start();
  });
  afterAll(async () => {
    await stack.dispose();
    disk.unmount();
    rmSync(folder, { recursive: true, force: true });
  });

  const load = (service: string): LoadClient => {
    const client = new LoadClient([ingest.url], { service, concurrency: 6, seed: random.next(), pauseMs: 2 });
    client.start();
    return client;
  };
  const acknowledged = (client: LoadClient, more: number): Promise<unknown> => {
    const enough = client.totals.acknowledged + more;
    return waitFor(() => client.totals.acknowledged >= enough, { what: `${more} pushes to be acknowledged` });
  };
  const refused = (client: LoadClient): Promise<unknown> => {
    const before = countOf(client.totals.failures);
    return waitFor(() => countOf(client.totals.failures) > before, { what: 'a refusal' });
  };
  const readiness = async (status: number): Promise<string> =>
    waitFor(
      async () => {
        const response = await fetch(`${ingest.url}/readyz`);
        return response.status === status && response.text();
      },
      { what: `readiness ${status}` },
    );
  const expectExact = async (client: LoadClient, service: string): Promise<void> => {
    const totals = await client.stop();
    expect(totals.acknowledged).toBeGreaterThan(0);
    expect(await settledAccount(stack.reader, service, client.fromMs, totals)).toEqual({
      profiles: totals.acknowledged,
      sum: totals.acknowledgedSum,
      unresolved: 0,
    });
  };
  const expectCoded = (client: LoadClient): void => {
    const codes = refusalsOf(client);
    expect(codes).toContain('503 spool_write_failed');
    expect(['503 spool_write_failed', '503 dictionary_lost']).toEqual(expect.arrayContaining(codes));
  };

  it('that is slow makes pushes wait, and refuses none', async () => {
    const tampering = await Tampering.start(ingest.process.pid, 'fsync,fdatasync', 'delay_exit=200000');
    const client = load('slow');
    try {
      await acknowledged(client, 40);
    } finally {
      await tampering.end();
    }
    expect(refusalsOf(client)).toEqual([]);
    await expectExact(client, 'slow');
  });

  it('that is full refuses pushes with a code, says so, and takes them again when there is room', async () => {
    const client = load('full');
    for (let round = 0; round < 6; round++) {
      await acknowledged(client, 1 + random.below(60));
      disk.fill();
      await refused(client);
      expect(await readiness(503)).toMatch(/the spool cannot be written: ENOSPC/);
      disk.empty();
      await readiness(200);
    }
    await acknowledged(client, 20);
    expectCoded(client);
    await expectExact(client, 'full');
  });

  it('that is found full at any call of a write loses nothing that was acknowledged', async () => {
    const client = load('calls');
    for (const [calls, how] of REFUSED_CALLS) {
      await acknowledged(client, 1 + random.below(20));
      const tampering = await Tampering.start(ingest.process.pid, calls, how);
      try {
        await refused(client);
        await sleep(random.below(700));
      } finally {
        await tampering.end();
      }
      await readiness(200);
    }
    await acknowledged(client, 20);
    expectCoded(client);
    await expectExact(client, 'calls');
  });

  it('that becomes read-only refuses pushes with a code, says so, and takes them again when it is writable', async () => {
    const client = load('read-only');
    await acknowledged(client, 20);
    disk.makeReadOnly();
    try {
      await refused(client);
      expect(await readiness(503)).toMatch(/the spool cannot be written: EROFS/);
    } finally {
      disk.makeWritable();
    }
    await readiness(200);
    await acknowledged(client, 20);
    expectCoded(client);
    await expectExact(client, 'read-only');
  });

  it('that is full, a process that is killed and ClickHouse away at once lose nothing that was acknowledged', async () => {
    await stack.proxy.setMode({ kind: 'refuse' });
    const client = load('worst');
    await acknowledged(client, 50);
    disk.fill();
    await refused(client);
    await ingest.process.kill();
    disk.empty();
    await ingest.process.start();
    await acknowledged(client, 20);
    await stack.proxy.setMode({ kind: 'pass' });
    await expectExact(client, 'worst');
  });

  it('that is full keeps nothing from being set aside once there is room', async () => {
    await stack.proxy.setMode({ kind: 'refuse' });
    const client = new LoadClient([ingest.url], { service: 'damaged', concurrency: 1, seed: random.next() });
    await client.push(30);
    await ingest.process.kill();
    damageLastSegment(spoolFolder);
    await ingest.process.start();
    disk.fill();
    await stack.proxy.setMode({ kind: 'pass' });
    await waitFor(() => /working on a segment failed/.test(ingest.process.output), {
      what: 'setting aside to fail',
    });
    expect(ingest.process.output).toMatch(/ENOSPC/);
    expect(readdirSync(join(spoolFolder, 'quarantine')).filter((name) => !name.endsWith('.tmp'))).toEqual([]);
    disk.empty();
    const aside = await waitFor(
      () => readdirSync(join(spoolFolder, 'quarantine')).find((name) => name.endsWith('.damaged')),
      { what: 'the damaged record to be set aside' },
    );
    expect(aside).toMatch(/q\.damaged$/);
    expect((await accountOf(stack.reader, 'damaged', client.fromMs)).profiles).toBe(29);
  });

  it('that is full keeps the process from starting, with a sentence that says so', async () => {
    await ingest.process.kill();
    disk.fill();
    ingest.process.launch();
    expect(await ingest.process.ended()).toBe(1);
    expect(ingest.process.output).toMatch(/spool_unusable.*ENOSPC|ENOSPC.*spool_unusable/s);
    disk.empty();
    await ingest.process.start();
  });
});

function countOf(failures: ReadonlyMap<string, number>): number {
  return [...failures.values()].reduce((sum, count) => sum + count, 0);
}

/** What a failing disk does: one byte in the middle of the last record is another one. */
function damageLastSegment(folder: string): void {
  const [name = ''] = readdirSync(folder)
    .filter((file) => file.endsWith('.spool'))
    .toSorted()
    .toReversed();
  const bytes = readFileSync(join(folder, name));
  const at = bytes.length - 40;
  bytes[at] = (bytes[at] ?? 0) ^ 0xff;
  writeFileSync(join(folder, name), bytes);
}
