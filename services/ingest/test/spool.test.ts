import {
  appendFileSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { DomainError, UnavailableError } from '@everflame/profile';
import { waitFor } from '@everflame/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SpoolFolder } from '../src/adapters/spool-folder.ts';
import { RowsRefusedError } from '../src/application/spool/profile-store.ts';
import type { Spool } from '../src/application/spool/spool.ts';
import { add, FailingFiles, SpoolBench } from './support/spool-bench.ts';

const away = (): never => {
  throw new UnavailableError('storage_unavailable', 'no route');
};
const names = (count: number): string[] => Array.from({ length: count }, (_, i) => `record ${i}`);

describe('the spool', () => {
  let bench: SpoolBench;
  beforeEach(() => {
    bench = new SpoolBench();
  });
  afterEach(() => bench.dispose());

  const stored = (count: number): Promise<unknown> =>
    waitFor(() => bench.store.records.length >= count, { what: `${count} records to be stored` });
  const addAll = (spool: Spool, records: readonly string[]): Promise<unknown> =>
    Promise.all(records.map((name) => add(spool, name)));
  const path = (name: string): string => join(bench.folder.path, name);
  /** Segments with one record each, left behind by a spool that never reached the store. */
  async function leave(records: readonly string[], segmentBytes = 1): Promise<string[]> {
    bench.store.onInsert = away;
    const spool = await bench.open({ settings: { segmentBytes, segmentAgeMs: 60_000 } });
    await addAll(spool, records);
    await spool.close();
    bench.store.onInsert = () => undefined;
    return bench.folder.segments();
  }

  it('acknowledges what is on disk, and then inserts it by itself and removes it', async () => {
    const files = await SpoolFolder.open(bench.folder.path);
    const spool = await bench.open({ files, settings: { segmentAgeMs: 50 } });
    await add(spool, 'one');
    expect(readFileSync(path(bench.folder.segments()[0] ?? '')).includes('one')).toBe(true);
    expect(bench.store.records).toEqual([]);
    await stored(1);
    await waitFor(() => bench.folder.segments().length === 0, { what: 'the segment to be removed' });
    expect(bench.store.records).toEqual(['one']);
  });

  it('makes durable with one write what arrived during the write before', async () => {
    const spool = await bench.open();
    await addAll(spool, names(100));
    expect(bench.counts).toMatchObject({ records: 100, syncs: 2 });
    await stored(100);
    expect(bench.store.records).toEqual(names(100));
  });

  it('inserts in the order of the pushes, segment by segment', async () => {
    const spool = await bench.open({ settings: { segmentBytes: 200 } });
    for (const batch of [0, 1, 2]) {
      await addAll(
        spool,
        names(50).map((name) => `${batch} ${name}`),
      );
    }
    await stored(150);
    expect(bench.store.inserted.length).toBeGreaterThan(10);
    expect(bench.store.records).toEqual(
      [0, 1, 2].flatMap((batch) => names(50).map((name) => `${batch} ${name}`)),
    );
  });

  it('tries again with the same records until the store confirms', async () => {
    const tried: (readonly string[])[] = [];
    bench.store.onInsert = (records) => {
      tried.push(records);
      if (tried.length < 4) away();
    };
    const spool = await bench.open({ settings: { segmentAgeMs: 200 } });
    await addAll(spool, names(3));
    await stored(3);
    expect(tried).toEqual(Array.from({ length: 4 }, () => names(3)));
    expect(bench.counts.attempts).toEqual({ stored: 1, unavailable: 3, refused: 0 });
    expect(spool.level.insertFailure).toBe('');
  });

  it('takes pushes while the store is away, in segments of full size', async () => {
    bench.store.onInsert = away;
    const spool = await bench.open({ settings: { segmentBytes: 4096 } });
    for (let i = 0; i < 40; i++) await add(spool, `${i} `.padEnd(200, 'x'));
    expect(spool.failure).toBe('');
    expect(spool.level.insertFailure).toBe('no route');
    expect(bench.folder.segments().length).toBeLessThanOrEqual(4);
    bench.store.onInsert = () => undefined;
    await stored(40);
  });

  it('keeps few segments in memory however many wait, and reads the others back', async () => {
    bench.store.onInsert = away;
    const spool = await bench.open({ settings: { segmentBytes: 100, segmentsInMemory: 2 } });
    await addAll(spool, names(40));
    expect(spool.level.segmentsWaiting).toBeGreaterThanOrEqual(10);
    expect(spool.level.segmentsInMemory).toBe(2);
    bench.store.onInsert = () => expect(spool.level.segmentsInMemory).toBeLessThanOrEqual(2);
    await stored(40);
    expect(bench.store.records).toEqual(names(40));
  });

  it('starts without the store, and prepares it before the first insert', async () => {
    const calls: string[] = [];
    bench.store.onInsert = () => void calls.push('insert');
    let failures = 3;
    const spool = await bench.open({
      prepare: () => {
        calls.push('prepare');
        return failures-- > 0
          ? Promise.reject(new UnavailableError('storage_unavailable', 'away'))
          : Promise.resolve();
      },
    });
    await waitFor(() => spool.level.insertFailure === 'away', { what: 'the first attempt to fail' });
    await add(spool, 'early');
    await stored(1);
    expect(calls).toEqual(['prepare', 'prepare', 'prepare', 'prepare', 'insert']);
    expect(spool.level.insertFailure).toBe('');
  });

  it('takes records without having to wait for a store that never answers', async () => {
    let isPrepared: () => void = () => undefined;
    const spool = await bench.open({
      prepare: () =>
        new Promise((resolve) => {
          isPrepared = resolve;
        }),
    });
    await add(spool, 'early');
    expect(spool.level.insertFailure).toBe('ClickHouse has not answered yet');
    expect(spool.failure).toBe('');
    isPrepared();
    await stored(1);
    expect(spool.level.insertFailure).toBe('');
  });

  it('takes records for a store that a newer version has set up, says so, and keeps them', async () => {
    const spool = await bench.open({
      prepare: () => Promise.reject(new DomainError('conflict', 'schema_too_new', 'newer')),
    });
    await add(spool, 'one');
    await waitFor(() => spool.level.insertFailure === 'newer', { what: 'the reason' });
    await spool.close();
    await bench.open();
    await stored(1);
  });

  it('inserts what is left of the process before, in order and before what is new', async () => {
    expect(await leave(names(5))).toHaveLength(5);
    const spool = await bench.open();
    await add(spool, 'new');
    await stored(6);
    expect(bench.store.records).toEqual([...names(5), 'new']);
  });

  it('repeats what a killed process had inserted but not removed', async () => {
    const [file = ''] = await leave(names(3), 1 << 20);
    const copy = readFileSync(path(file));
    const first = await bench.open();
    await stored(3);
    await first.close();
    writeFileSync(path(file), copy);
    await bench.open();
    await waitFor(() => bench.folder.segments().length === 0, { what: 'the segment to be removed' });
    expect(bench.store.inserted).toEqual([names(3), names(3)]);
    expect(bench.counts.attempts.stored).toBe(2);
  });

  it('cuts off the end of the newest segment on start when a write did not finish', async () => {
    bench.store.onInsert = away;
    const [file = ''] = await leave(names(3), 1 << 20);
    const whole = statSync(path(file)).size;
    truncateSync(path(file), whole - 3);
    bench.store.onInsert = away;
    await bench.open();
    expect(bench.counts.tornTails).toBe(1);
    expect(statSync(path(file)).size).toBe(whole - 24);
    bench.store.onInsert = () => undefined;
    await stored(2);
    expect(bench.store.records).toEqual(names(2));
    expect(bench.folder.quarantine()).toEqual([]);
  });

  it('sets a damaged record aside, reports it, and inserts the others', async () => {
    const [file = ''] = await leave(names(3), 1 << 20);
    const bytes = readFileSync(path(file));
    bytes[bytes.indexOf('record 1')]! ^= 1;
    writeFileSync(path(file), bytes);
    const spool = await bench.open();
    await waitFor(() => bench.folder.segments().length === 0, { what: 'the segment to be removed' });
    expect(bench.store.records).toEqual(['record 0', 'record 2']);
    expect(bench.counts.aside).toEqual({ damaged: 1 });
    const aside = bench.folder.quarantine();
    expect(aside).toEqual([file.replace('.spool', 'q.damaged'), file.replace('.spool', 'q.json')]);
    expect(readFileSync(path(`quarantine/${aside[0]}`)).includes('secord 1')).toBe(true);
    expect(spool.generation).toBe(1);
    expect(spool.level.quarantineBytes).toBeGreaterThan(0);

    for (const name of aside) rmSync(path(`quarantine/${name}`));
    await waitFor(() => spool.level.quarantineBytes === 0, { what: 'the room to be counted as free' });
  });

  it('sets aside what the codec cannot read, with the reason', async () => {
    const spool = await bench.open();
    await addAll(spool, ['a', 'malformed b', 'c']);
    await stored(2);
    await waitFor(() => bench.folder.segments().length === 0, { what: 'the segment to be removed' });
    expect(bench.counts.aside).toEqual({ malformed: 1 });
    expect(spool.generation).toBe(1);
    const report = bench.folder.quarantine().find((name) => name.endsWith('.json')) ?? '';
    expect(readFileSync(path(`quarantine/${report}`), 'utf8')).toContain('malformed b cannot be read');
  });

  it('narrows poison down to its records, sets them aside, and inserts the rest', async () => {
    const poison = new Set(['record 3', 'record 17']);
    bench.store.onInsert = (records) => {
      if (records.some((name) => poison.has(name))) throw new RowsRefusedError(new Error('bad row'));
    };
    const spool = await bench.open();
    await addAll(spool, names(20));
    await waitFor(() => bench.folder.segments().length === 0, { what: 'the segments to be removed' });
    expect(bench.store.records).toEqual(names(20).filter((name) => !poison.has(name)));
    expect(bench.counts.aside).toEqual({ refused: 2 });
    expect(spool.generation).toBeGreaterThan(0);
    const [segment = ''] = bench.folder.quarantine().filter((name) => name.endsWith('.spool'));
    await spool.close();

    // Fixed and put back, they are inserted like any other segment.
    bench.store.onInsert = () => undefined;
    renameSync(path(`quarantine/${segment}`), path(segment));
    await bench.open();
    await stored(20);
    expect(bench.store.records.toSorted()).toEqual(names(20).toSorted());
  });

  it('stores nothing twice when the process is killed while it narrows poison down', async () => {
    const files = await leave(names(8), 1 << 20);
    const refuse = (records: readonly string[]): void => {
      if (records.includes('record 5')) throw new RowsRefusedError(new Error('bad row'));
    };
    bench.store.onInsert = (records) => {
      refuse(records);
      if (bench.store.inserted.length === 2) away();
    };
    const killed = await bench.open();
    await waitFor(() => killed.level.insertFailure === 'no route', { what: 'the store to go away' });
    await killed.close();
    expect(bench.folder.segments()).toEqual(files);
    bench.store.onInsert = refuse;
    await bench.open();
    await waitFor(() => bench.folder.segments().length === 0, { what: 'the segment to be removed' });
    expect(bench.store.records.toSorted()).toEqual(names(8).filter((name) => name !== 'record 5'));
  });

  it('takes no refusal for poison while the store takes no rows at all', async () => {
    let isReadOnly = true;
    bench.store.onInsert = () => {
      if (isReadOnly) throw new RowsRefusedError(new Error('read-only'));
    };
    bench.store.onNothing = () => {
      if (isReadOnly) throw new Error('no insert at all');
    };
    const spool = await bench.open();
    await addAll(spool, names(4));
    await waitFor(() => bench.counts.attempts.refused > 6, { what: 'several refusals' });
    expect(spool.level.insertFailure).toBe('no insert at all');
    expect(bench.folder.quarantine()).toEqual([]);
    isReadOnly = false;
    await stored(4);
    expect(bench.store.records).toEqual(names(4));
    expect(spool.generation).toBe(0);
  });

  it('refuses what is beyond its budget, says so, and takes more when there is room', async () => {
    bench.store.onInsert = away;
    const spool = await bench.open({ settings: { budgetBytes: 2000, segmentBytes: 400 } });
    const outcomes: string[] = [];
    for (const name of names(100)) {
      outcomes.push(
        await add(spool, name).then(
          () => 'taken',
          (error: { code: string }) => error.code,
        ),
      );
    }
    const taken = outcomes.filter((outcome) => outcome === 'taken').length;
    expect(taken).toBeGreaterThan(50);
    expect(new Set(outcomes)).toEqual(new Set(['taken', 'spool_full']));
    expect(spool.failure).toMatch(/the spool is full: \d+ of 2000 bytes; inserting fails: no route/);
    expect(spool.level.bytes).toBeLessThanOrEqual(2000);
    expect(spool.scarcity).toMatchObject({
      code: 'spool_full',
      message: expect.stringMatching(/^The spool holds \d+ of its 2000 bytes; /) as string,
    });
    bench.store.onInsert = () => undefined;
    await stored(taken);
    await waitFor(() => spool.failure === '', { what: 'room in the spool' });
    expect(spool.scarcity).toBeUndefined();
    await add(spool, 'after');
    await stored(taken + 1);
  });

  it('refuses records that may rely on one that was refused', async () => {
    const spool = await bench.open({ settings: { budgetBytes: 200 } });
    await expect(add(spool, 'x'.repeat(300), 0)).rejects.toMatchObject({ code: 'spool_full' });
    await expect(add(spool, 'made before', 0)).rejects.toMatchObject({
      code: 'dictionary_lost',
      isRetryable: true,
    });
    await add(spool, 'made after', 1);
    expect(spool.generation).toBe(1);
  });

  it('refuses when too much waits for the disk', async () => {
    const spool = await bench.open({ settings: { maxQueuedBytes: 100 } });
    const outcomes = await Promise.allSettled(names(20).map((name) => add(spool, name, 0)));
    const codes = outcomes.map((each) =>
      each.status === 'rejected' ? (each.reason as { code: string }).code : '',
    );
    expect(codes.filter((code) => code === '').length).toBeGreaterThan(0);
    expect(codes).toContain('ingest_overloaded');
  });

  it('on a full disk refuses, keeps what it acknowledged, and goes on when there is space', async () => {
    const files = new FailingFiles(await SpoolFolder.open(bench.folder.path));
    const spool = await bench.open({ files, settings: { segmentAgeMs: 60_000 } });
    await addAll(spool, names(3));
    files.bytesLeft = 20;
    await expect(add(spool, 'does not fit')).rejects.toMatchObject({
      code: 'spool_write_failed',
      isRetryable: true,
    });
    expect(spool.failure).toMatch(/ENOSPC/);
    expect(spool.generation).toBe(1);
    await expect(add(spool, 'refused at once')).rejects.toMatchObject({ code: 'spool_write_failed' });
    await stored(3);
    files.bytesLeft = Infinity;
    await waitFor(() => spool.failure === '', { what: 'the disk to take writes' });
    await add(spool, 'fits again');
    await spool.close();
    expect(bench.store.records).toEqual([...names(3), 'fits again']);
    expect(bench.counts).toMatchObject({ tornTails: 0, aside: {} });
  });

  it.each([
    ['the write is taken back', undefined],
    ['the write cannot be taken back', new Error('EIO')],
  ])('never writes behind half a record: %s', async (_, truncateError) => {
    const files = new FailingFiles(await SpoolFolder.open(bench.folder.path));
    files.truncateError = truncateError;
    bench.store.onInsert = away;
    const spool = await bench.open({ files, settings: { segmentAgeMs: 60_000, segmentsInMemory: 0 } });
    await addAll(spool, names(2));
    files.bytesLeft = 25;
    await expect(add(spool, 'half a record')).rejects.toMatchObject({ code: 'spool_write_failed' });
    files.bytesLeft = Infinity;
    await waitFor(() => spool.failure === '', { what: 'the disk to take writes' });
    await add(spool, 'behind');
    await spool.close();
    expect(bench.folder.segments()).toHaveLength(2);
    bench.store.onInsert = () => undefined;
    await bench.open();
    await stored(3);
    expect(bench.store.records).toEqual([...names(2), 'behind']);
    expect(bench.counts).toMatchObject({ tornTails: truncateError === undefined ? 0 : 1, aside: {} });
  });

  it('acknowledges nothing that was not synced', async () => {
    const files = new FailingFiles(await SpoolFolder.open(bench.folder.path));
    const spool = await bench.open({ files });
    files.syncError = new Error('EIO: i/o error, fdatasync');
    await expect(add(spool, 'unsure')).rejects.toMatchObject({ code: 'spool_write_failed' });
    files.syncError = undefined;
    await waitFor(() => spool.failure === '', { what: 'the disk to take writes' });
    await add(spool, 'sure');
    await stored(1);
    expect(bench.store.records).toEqual(['sure']);
  });

  it('sets a segment of a newer program aside as it is', async () => {
    const [file = ''] = await leave(['from the future']);
    const bytes = readFileSync(path(file));
    bytes.writeUInt32LE(9, 8);
    bytes.writeUInt32LE(crc32(bytes.subarray(0, 12)), 12);
    writeFileSync(path(file), bytes);
    const spool = await bench.open();
    await add(spool, 'new');
    await stored(1);
    expect(bench.folder.quarantine()).toEqual([file]);
    expect(bench.counts.aside).toEqual({ unreadable: 1 });
  });

  it('ignores what is not its own in the folder', async () => {
    appendFileSync(path('notes.txt'), 'left by an operator');
    const spool = await bench.open();
    await add(spool, 'one');
    await stored(1);
    expect(readFileSync(path('notes.txt'), 'utf8')).toBe('left by an operator');
  });

  it('hands over what it has when it is closed, and takes no more', async () => {
    const spool = await bench.open({ settings: { segmentAgeMs: 60_000 } });
    await addAll(spool, names(3));
    await spool.close();
    expect(bench.store.records).toEqual(names(3));
    await expect(add(spool, 'late')).rejects.toMatchObject({ code: 'shutting_down' });
  });

  it('reports the age of the oldest record that is not stored', async () => {
    bench.store.onInsert = away;
    let now = Date.UTC(2026, 0, 1);
    const spool = await bench.open({ clock: { now: () => now } });
    expect(spool.level.oldestMs).toBe(0);
    await add(spool, 'one');
    now += 7000;
    expect(spool.level.oldestMs).toBe(7000);
    bench.store.onInsert = () => undefined;
    await waitFor(() => spool.level.oldestMs === 0, { what: 'the record to be stored' });
  });
});
