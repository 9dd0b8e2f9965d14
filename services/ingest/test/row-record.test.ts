import { DomainError } from '@everflame/profile';
import { encodeBatch, ProfileBatch } from '@everflame/storage';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { appendRowRecord, RowRecordWriter, senderOfRecord } from '../src/application/record/row-record.ts';
import { RECORD_HEADER_BYTES } from '../src/application/record/row-record-writer.ts';
import { expected, type Plan, plans, type Row, write } from './support/record-plan.ts';

/** Adds a record that may be damaged; tells whether it was taken. Anything but `malformed_record` fails the test. */
function tryAppend(batch: ProfileBatch, record: Uint8Array): boolean {
  try {
    appendRowRecord(batch, record);
    return true;
  } catch (error) {
    if (error instanceof DomainError && error.code === 'malformed_record') return false;
    throw error;
  }
}

describe('a record of rows', () => {
  const writer = new RowRecordWriter();

  it('puts into a batch exactly the rows that were written', () => {
    fc.assert(
      fc.property(plans, (plan) => {
        const batch = new ProfileBatch();
        appendRowRecord(batch, write(writer, plan));
        expect(encodeBatch(batch)).toEqual(encodeBatch(expected(plan)));
      }),
    );
  });

  it('tells whose it is, also when it is damaged behind that, and never fails over it', () => {
    fc.assert(
      fc.property(plans, fc.uint8Array({ maxLength: 200 }), (plan, bytes) => {
        const { tenant, service } = plan.header;
        const record = write(writer, plan);
        expect(senderOfRecord(record)).toEqual({ tenant, service });
        new DataView(record.buffer).setFloat64(16, NaN, true);
        expect(tryAppend(new ProfileBatch(), record)).toBe(false);
        expect(senderOfRecord(record)).toEqual({ tenant, service });
        senderOfRecord(record.subarray(0, 100));
        expect(senderOfRecord(bytes.subarray(0, 80))).toBeUndefined();
      }),
      { numRuns: 50 },
    );
  });

  it('is read from any position of a larger buffer', () => {
    fc.assert(
      fc.property(plans, fc.nat(9), (plan, offset) => {
        const record = write(writer, plan);
        const within = new Uint8Array(record.length + 20).fill(0xff);
        within.set(record, offset);
        const batch = new ProfileBatch();
        appendRowRecord(batch, within.subarray(offset, offset + record.length));
        expect(encodeBatch(batch)).toEqual(encodeBatch(expected(plan)));
      }),
      { numRuns: 20 },
    );
  });

  it('owns its memory, whatever is written next', () => {
    fc.assert(
      fc.property(plans, plans, (first, second) => {
        const record = write(writer, first);
        write(writer, second);
        const batch = new ProfileBatch();
        appendRowRecord(batch, record);
        expect(encodeBatch(batch)).toEqual(encodeBatch(expected(first)));
      }),
      { numRuns: 20 },
    );
  });

  it('is refused whole when it is cut anywhere', () => {
    fc.assert(
      fc.property(plans, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (plan, share) => {
        const record = write(writer, plan);
        const batch = new ProfileBatch();
        expect(tryAppend(batch, record.subarray(0, Math.floor(record.length * share)))).toBe(false);
        expect(batch.isEmpty).toBe(true);
      }),
    );
  });

  it('is refused whole, or gives a whole batch, when bytes of it are changed', () => {
    const changes = fc.array(
      fc.tuple(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), fc.nat(255)),
      {
        minLength: 1,
        maxLength: 5,
      },
    );
    fc.assert(
      fc.property(plans, changes, (plan, edits) => {
        const record = write(writer, plan);
        for (const [share, byte] of edits) record[Math.floor(record.length * share)] = byte;
        const batch = new ProfileBatch();
        const isTaken = tryAppend(batch, record);
        if (!isTaken) expect(batch.isEmpty).toBe(true);
        else expect(encodeBatch(batch).rows).toBe(batch.rows);
      }),
      { numRuns: 500 },
    );
  });

  it('without a word on rollups, as older versions wrote it, keeps them 400 days', () => {
    const taken: unknown[] = [];
    class Batch extends ProfileBatch {
      override addProfile({ retentionDays, rollupDays }: Parameters<ProfileBatch['addProfile']>[0]): void {
        taken.push([retentionDays, rollupDays]);
      }
    }
    const retention = { days: 14, rollupDays: 30 };
    const plan = fc.sample(plans, { seed: 7, numRuns: 100 }).find(({ rows }) => rows.length > 0)!;
    const rows = [{ ...plan.rows[0]!, retention }];
    const record = write(writer, { ...plan, header: { ...plan.header, retention }, rows });
    appendRowRecord(new Batch(), record);
    new DataView(record.buffer).setUint32(RECORD_HEADER_BYTES - 4, 0, true);
    appendRowRecord(new Batch(), record);
    expect(taken).toEqual([
      [14, 30],
      [14, 400],
    ]);
  });

  it('with a time or duration that older versions acknowledged is read rounded', () => {
    const taken: unknown[] = [];
    class Batch extends ProfileBatch {
      override addProfile({ timeMs, durationMs }: Parameters<ProfileBatch['addProfile']>[0]): void {
        taken.push([timeMs, durationMs]);
      }
    }
    const plan = fc.sample(plans, { seed: 7, numRuns: 100 }).find(({ rows }) => rows.length > 0)!;
    const record = write(writer, { ...plan, rows: [plan.rows[0]!] });
    const header = new DataView(record.buffer);
    for (const [timeMs, durationMs] of [
      [1_795_000_000_000.25, 9.75],
      [1_795_000_000_000, 2 ** 32 + 0.5],
    ] as const) {
      header.setFloat64(8, timeMs, true);
      header.setFloat64(16, durationMs, true);
      appendRowRecord(new Batch(), record);
    }
    expect(taken).toEqual([
      [1_795_000_000_000, 10],
      [1_795_000_000_000, 2 ** 32 - 1],
    ]);
    for (const wrong of [NaN, -1, -Infinity]) {
      header.setFloat64(16, wrong, true);
      expect(tryAppend(new ProfileBatch(), record)).toBe(false);
    }
  });

  it('is refused when it is not one at all', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(tryAppend(new ProfileBatch(), bytes)).toBe(false);
      }),
    );
  });

  it('holds the stacks of sample types that have the same ones once', () => {
    const plan: Plan = {
      header: {
        tenant: 't',
        service: 's',
        timeMs: 1,
        durationMs: 0,
        period: 1,
        retention: { days: 1, rollupDays: 400 },
      },
      frames: [{ id: [1, 2], texts: ['f', '', '', ''], line: 0, isNew: false }],
      stacks: Array.from({ length: 100 }, (_, i) => ({ id: [i, 0] as const, frames: [0], isNew: false })),
      rows: [],
    };
    const row = (type: string): Row => ({
      type,
      kind: 'gauge',
      hash: [1, 2],
      retention: plan.header.retention,
      labels: undefined,
      total: 0,
      cells: plan.stacks.map((_, stack) => ({ stack, value: 5 })),
    });
    const one = write(writer, { ...plan, rows: [row('a')] });
    const two = write(writer, { ...plan, rows: [row('a'), row('b')] });
    expect(two.length - one.length).toBeLessThan(130);
  });
});
