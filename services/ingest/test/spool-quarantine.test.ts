import { readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { waitFor } from '@everflame/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RowsRefusedError } from '../src/application/spool/profile-store.ts';
import {
  encodeRecords,
  encodeSegmentHeader,
  SEGMENT_HEADER_BYTES,
} from '../src/application/spool/segment-format.ts';
import type { Spool } from '../src/application/spool/spool.ts';
import { add, SpoolBench } from './support/spool-bench.ts';

const HOUR_MS = 3_600_000;

describe('the quarantine', () => {
  let bench: SpoolBench;
  beforeEach(() => {
    bench = new SpoolBench();
    bench.store.onInsert = (records) => {
      if (records.some((name) => name.includes('poison'))) throw new RowsRefusedError(new Error('bad row'));
    };
  });
  afterEach(() => bench.dispose());

  const aside = (): number => bench.counts.aside.refused ?? 0;
  /** Has one record set aside, alone in its segment. */
  async function poison(spool: Spool, name: string): Promise<void> {
    const before = aside();
    await add(spool, name);
    await waitFor(() => aside() > before, { what: 'the record to be set aside' });
    await waitFor(() => spool.level.segmentsWaiting === 0, { what: 'the segment to be done with' });
  }
  const emptied = (): Promise<unknown> =>
    waitFor(() => bench.folder.segments().length === 0, { what: 'the segments to be removed' });

  it('takes no room from the spool', async () => {
    const spool = await bench.open({ settings: { budgetBytes: 2000 } });
    for (let i = 0; i < 30; i++) await poison(spool, `shop ${i}:poison `.padEnd(200, 'x'));
    expect(spool.level.quarantineBytes).toBeGreaterThan(6000);
    expect(spool.level.bytes).toBe(0);
    expect([spool.failure, spool.refusal]).toEqual(['', undefined]);
    await add(spool, 'good');
    await emptied();
    expect(bench.store.records).toEqual(['good']);
  });

  it('stays within its budget: what was set aside first goes first, and is counted', async () => {
    const spool = await bench.open({ settings: { quarantineBytes: 3000 } });
    for (let i = 0; i < 12; i++) await poison(spool, `shop ${i}:poison `.padEnd(300, 'x'));
    expect(spool.level.quarantineBytes).toBeLessThanOrEqual(3000);
    const reports = bench.folder.quarantine().filter((name) => name.endsWith('.json'));
    expect(bench.counts.removed).toEqual({ budget: 12 - reports.length });
    const [first = '', last = ''] = [reports[0], reports.at(-1)];
    expect(first > '0000000000000002').toBe(true);
    expect(readFileSync(join(bench.folder.path, 'quarantine', last), 'utf8')).toContain('bad row');
  });

  it('keeps what was set aside last though it alone is more than the budget', async () => {
    const spool = await bench.open({ settings: { quarantineBytes: 10 } });
    await poison(spool, 'a:poison');
    await poison(spool, 'b:poison');
    expect(bench.folder.quarantine()).toHaveLength(2);
    expect(bench.counts.removed).toEqual({ budget: 1 });
  });

  it('removes what is too old, and nothing that is not its own', async () => {
    const before = await bench.open();
    await poison(before, 'a:poison');
    await before.close();
    const path = (name: string): string => join(bench.folder.path, 'quarantine', name);
    const longAgo = new Date(Date.now() - 3 * HOUR_MS);
    for (const name of bench.folder.quarantine()) utimesSync(path(name), longAgo, longAgo);
    writeFileSync(path('notes.txt'), 'left by an operator');
    utimesSync(path('notes.txt'), longAgo, longAgo);
    await bench.open({ settings: { quarantineAgeMs: 2 * HOUR_MS } });
    expect(bench.folder.quarantine()).toEqual(['notes.txt']);
    expect(bench.counts.removed).toEqual({ age: 1 });
  });
});

describe('a sender of poison', () => {
  let bench: SpoolBench;
  let now: number;
  beforeEach(() => {
    now = Date.UTC(2026, 0, 1);
    bench = new SpoolBench();
    bench.store.onInsert = (records) => {
      if (records.some((name) => name.includes('poison'))) throw new RowsRefusedError(new Error('bad row'));
    };
  });
  afterEach(() => bench.dispose());

  const open = (): Promise<Spool> => bench.open({ clock: { now: () => now } });
  const refusalOf = (spool: Spool, service: string): unknown => spool.refusalOf({ tenant: 't', service });
  async function send(spool: Spool, count: number, name: string): Promise<void> {
    await Promise.all(Array.from({ length: count }, (_, i) => add(spool, `${name} ${i}`)));
    await waitFor(() => bench.folder.segments().length === 0, { what: 'the segments to be removed' });
    await waitFor(() => spool.level.segmentsWaiting === 0, { what: 'the segments to be done with' });
  }

  it('is refused by name after 8 records, and again after it was forgotten; others are not', async () => {
    const spool = await open();
    await send(spool, 3, 'good:record');
    await send(spool, 7, 'bad:poison');
    expect(refusalOf(spool, 'bad')).toBeUndefined();
    await send(spool, 1, 'bad:poison');
    now += 60_000;
    expect(refusalOf(spool, 'bad')).toMatchObject({
      code: 'poison_sender',
      kind: 'exhausted',
      retryAfterMs: 540_000,
      message: expect.stringMatching(/^8 profiles of service "bad" .*bad row/) as string,
    });
    expect(refusalOf(spool, 'good')).toBeUndefined();
    expect(spool.refusal).toBeUndefined();
    await send(spool, 3, 'good:later');
    expect(bench.store.records).toHaveLength(6);

    now += 540_000;
    expect(refusalOf(spool, 'bad')).toBeUndefined();
    await send(spool, 8, 'bad:poison again');
    expect(refusalOf(spool, 'bad')).toMatchObject({ code: 'poison_sender' });
  });

  it('is not whoever is stored more often than set aside', async () => {
    const spool = await open();
    await send(spool, 1, 'mixed:poison');
    await send(spool, 40, 'mixed:record');
    await send(spool, 20, 'mixed:poison');
    expect(refusalOf(spool, 'mixed')).toBeUndefined();
    await send(spool, 30, 'mixed:poison');
    expect(refusalOf(spool, 'mixed')).toMatchObject({ code: 'poison_sender' });
  });

  it('is remembered in bounded memory: those that were known longest are forgotten', async () => {
    const spool = await open();
    await send(spool, 8, 'first:poison');
    await Promise.all(Array.from({ length: 1000 }, (_, i) => add(spool, `other ${i}:poison`)));
    await waitFor(() => (bench.counts.aside.refused ?? 0) === 1008, { what: 'all to be set aside' });
    await waitFor(() => spool.level.segmentsWaiting === 0, { what: 'the segments to be done with' });
    expect(refusalOf(spool, 'first')).toBeUndefined();
  });

  it('makes no record of others refused, though its own cannot be read', async () => {
    const left = [Buffer.from('malformed:record'), Buffer.from('readable')];
    const { block } = encodeRecords(left, SEGMENT_HEADER_BYTES);
    const name = '0000000000000001-00000000000000aa.spool';
    writeFileSync(join(bench.folder.path, name), Buffer.concat([encodeSegmentHeader(), block]));
    const spool = await open();
    await waitFor(() => bench.folder.segments().length === 0, { what: 'the segment to be removed' });
    expect(bench.counts.aside).toEqual({ malformed: 1 });
    expect(spool.generation).toBe(1);
    await add(spool, 'made before', 0);
    await add(spool, 'made after', 1);
    await waitFor(() => bench.store.records.length === 3, { what: 'the records of others to be stored' });
  });
});
