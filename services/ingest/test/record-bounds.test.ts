import { createHash } from 'node:crypto';
import { type BoundedField, DomainError, isInBounds, PROFILE_BOUNDS } from '@everflame/profile';
import { encodeBatch, ProfileBatch } from '@everflame/storage';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { appendRowRecord, checkRowRecord, RowRecordWriter } from '../src/application/record/row-record.ts';
import { expected, type Plan, plans, type Row, write } from './support/record-plan.ts';

/** Numbers of every sort, and those around the bounds of the field. */
function anyNumber(field: BoundedField): fc.Arbitrary<number> {
  const { min, max } = PROFILE_BOUNDS[field];
  const edges = [min, max, 0, 2 ** 31, 2 ** 32, 2 ** 52, 2 ** 53, -(2 ** 53)].flatMap((edge) => [
    edge - 1,
    edge - 0.5,
    edge,
    edge + 0.5,
    edge + 1,
  ]);
  return fc.oneof(
    { weight: 3, arbitrary: fc.integer({ min, max }) },
    fc.constantFrom(...edges, NaN, Infinity, -Infinity, -0, Number.MIN_VALUE, Number.MAX_VALUE),
    fc.double(),
  );
}

// Every UTF-16 code unit, so that surrogates stand alone, too; the longest that the limits let through.
const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc
    .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 20 })
    .map((units) => String.fromCharCode(...units)),
  fc.constantFrom(
    '',
    '\ud800',
    '\udfff\ud800',
    '\u0000',
    'x'.repeat(1024),
    '\uffff'.repeat(1024),
    'é'.repeat(8192),
  ),
);

const anyRetention = fc.record({ days: anyNumber('retentionDays'), rollupDays: anyNumber('rollupDays') });
const anyHeader = fc.record({
  tenant: anyText,
  service: anyText,
  timeMs: anyNumber('timeMs'),
  durationMs: anyNumber('durationMs'),
  period: anyNumber('period'),
  retention: anyRetention,
});
const anyRow: fc.Arbitrary<Pick<Row, 'type' | 'labels' | 'total' | 'cells' | 'retention'>> = fc.record({
  type: anyText,
  labels: fc.option(fc.array(fc.tuple(anyText, anyText), { maxLength: 30 }), { nil: undefined }),
  total: anyNumber('total'),
  cells: fc.array(fc.record({ stack: fc.nat(), value: anyNumber('value') }), { maxLength: 6 }),
  retention: anyRetention,
});

/** What is out of its bounds in a plan. */
function outside({ header, rows }: Plan): readonly string[] {
  const numbers: (readonly [BoundedField, number])[] = [
    ['timeMs', header.timeMs],
    ['durationMs', header.durationMs],
    ['period', header.period],
  ];
  for (const { total, cells } of rows) {
    numbers.push(['total', total]);
    for (const { value } of cells) numbers.push(['value', value]);
  }
  const found = numbers
    .filter(([field, value]) => !isInBounds(field, value))
    .map(([field]) => field as string);
  for (const { days, rollupDays } of [header.retention, ...rows.map(({ retention }) => retention)]) {
    const isClass = isInBounds('retentionDays', days) && isInBounds('rollupDays', rollupDays);
    if (!isClass || days > rollupDays) found.push('retention');
  }
  return found;
}

/** Writes the plan; the code of the refusal where it is refused. */
function tryWrite(writer: RowRecordWriter, plan: Plan): Uint8Array | string {
  try {
    return write(writer, plan);
  } catch (error) {
    if (error instanceof DomainError) return error.code;
    throw error;
  }
}

/** With U+FFFD for what UTF-8 does not have. */
function asUtf8(text: string): string {
  return Buffer.from(text).toString();
}

/** A batch with hashes for its blocks, which are long to compare. */
function digestOf(batch: ProfileBatch): unknown {
  const { tables, ...rest } = encodeBatch(batch);
  const hashed = tables.map(({ block, ...table }) => ({
    ...table,
    sha: createHash('sha256').update(block).digest('hex'),
  }));
  return { ...rest, tables: hashed };
}

function expectReadBack(record: Uint8Array, plan: Plan): void {
  checkRowRecord(record);
  const batch = new ProfileBatch();
  appendRowRecord(batch, record);
  const { tenant, service } = plan.header;
  const header = { ...plan.header, tenant: asUtf8(tenant), service: asUtf8(service) };
  expect(digestOf(batch)).toEqual(digestOf(expected({ ...plan, header })));
}

describe('what the writer of a record accepts', () => {
  const writer = new RowRecordWriter();

  it('the reader reads back equal; everything else is refused with a code before there is a record', () => {
    let written = 0;
    let refused = 0;
    fc.assert(
      fc.property(plans, anyHeader, fc.array(anyRow, { maxLength: 3 }), (plan, header, changes) => {
        const rows = plan.rows.map((row, i) => ({ ...row, ...changes[i] }));
        const changed: Plan = { ...plan, header, rows };
        const outcome = tryWrite(writer, changed);
        if (typeof outcome === 'string') {
          refused += 1;
          expect(outcome).toBe('value_out_of_range');
          expect(outside(changed)).not.toEqual([]);
        } else {
          written += 1;
          expect(outside(changed)).toEqual([]);
          expectReadBack(outcome, changed);
        }
      }),
      { numRuns: 400 },
    );
    expect(refused).toBeGreaterThan(0);
    expect(written + refused).toBe(400);
  });

  it.each(['timeMs', 'durationMs', 'period'] as const)('holds for every number as %s', (field) => {
    fc.assert(
      fc.property(plans, anyNumber(field), (plan, value) => {
        const changed: Plan = { ...plan, header: { ...plan.header, [field]: value } };
        const outcome = tryWrite(writer, changed);
        if (!isInBounds(field, value)) expect(outcome).toBe('value_out_of_range');
        else if (typeof outcome === 'string') expect.unreachable(outcome);
        else expectReadBack(outcome, changed);
      }),
      { numRuns: 150 },
    );
  });

  it.each(['total', 'value', 'text'] as const)('holds for every %s of a row', (field) => {
    fc.assert(
      fc.property(plans, anyNumber('value'), anyText, (plan, number, text) => {
        const [first] = plan.rows;
        fc.pre(first !== undefined);
        const row = {
          total: { ...first, total: number },
          value: { ...first, cells: [{ stack: 0, value: number }] },
          text: { ...first, type: text, labels: [[text, text]] as const },
        }[field];
        const changed: Plan = { ...plan, rows: [row] };
        const outcome = tryWrite(writer, changed);
        if (field !== 'text' && !isInBounds('value', number)) expect(outcome).toBe('value_out_of_range');
        else if (typeof outcome === 'string') expect.unreachable(outcome);
        else expectReadBack(outcome, changed);
      }),
      { numRuns: 150 },
    );
  });

  it('writes the next record after one that was refused', () => {
    const [plan] = fc.sample(plans, { seed: 7, numRuns: 1 });
    if (plan === undefined) expect.unreachable();
    expect(tryWrite(writer, { ...plan, header: { ...plan.header, durationMs: 0.5 } })).toBe(
      'value_out_of_range',
    );
    expectReadBack(write(writer, plan), plan);
  });
});
