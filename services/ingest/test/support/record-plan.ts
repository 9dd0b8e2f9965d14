import type { FlatColumn, FlatFrames, FlatProfile, ProfileKind } from '@everflame/profile';
import { ProfileBatch } from '@everflame/storage';
import fc from 'fast-check';
import { addFrameRow, addStackRow, addProfileRow } from '@everflame/testkit';
import type { RetentionClass } from '../../src/application/retention.ts';
import type { RowRecordWriter } from '../../src/application/record/row-record.ts';

const HEADER_TEXT = fc.string({ maxLength: 40, unit: 'grapheme' });
const WORD = fc.integer({ min: 0, max: 0xffff_ffff });
const SAFE = fc.oneof(
  fc.integer({ min: -200, max: 40_000 }),
  fc.maxSafeInteger(),
  fc.constantFrom(0, 63, 64, -63, -64, 8191, 8192, 1_048_575, 1_048_576, Number.MAX_SAFE_INTEGER),
  // Around the powers of two where the way of writing changes.
  fc
    .integer({ min: 26, max: 52 })
    .chain((bits) => fc.constantFrom(2 ** bits - 1, 2 ** bits, -(2 ** bits) - 1)),
);

interface Frame {
  readonly id: readonly [number, number];
  readonly texts: readonly [string, string, string, string];
  readonly line: number;
  readonly isNew: boolean;
}

interface Stack {
  readonly id: readonly [number, number];
  readonly frames: readonly number[];
  readonly isNew: boolean;
}

export interface Row {
  readonly type: string;
  readonly kind: ProfileKind;
  readonly hash: readonly [number, number];
  readonly retention: RetentionClass;
  readonly labels: readonly (readonly [string, string])[] | undefined;
  readonly total: number;
  readonly cells: readonly { readonly stack: number; readonly value: number }[];
}

export interface Plan {
  readonly header: {
    readonly tenant: string;
    readonly service: string;
    readonly timeMs: number;
    readonly durationMs: number;
    readonly period: number;
    readonly retention: RetentionClass;
  };
  readonly frames: readonly Frame[];
  readonly stacks: readonly Stack[];
  readonly rows: readonly Row[];
}

/** Few, so that rows have that of the header, too. */
const CLASS = fc.constantFrom<RetentionClass>(
  { days: 14, rollupDays: 400 },
  { days: 1, rollupDays: 1 },
  { days: 400, rollupDays: 400 },
);

export const plans: fc.Arbitrary<Plan> = fc.record({
  header: fc.record({
    tenant: HEADER_TEXT,
    service: HEADER_TEXT,
    timeMs: fc.integer({ min: 0, max: 4e12 }),
    durationMs: WORD,
    period: fc.maxSafeInteger(),
    retention: CLASS,
  }),
  frames: fc.array(
    fc.record({
      id: fc.tuple(WORD, WORD),
      texts: fc.tuple(HEADER_TEXT, fc.string({ maxLength: 300 }), HEADER_TEXT, HEADER_TEXT),
      line: WORD,
      isNew: fc.boolean(),
    }),
    { minLength: 1, maxLength: 200 },
  ),
  stacks: fc.array(
    fc.record({
      id: fc.tuple(WORD, WORD),
      frames: fc.array(fc.nat(), { maxLength: 300 }),
      isNew: fc.boolean(),
    }),
    { minLength: 1, maxLength: 30 },
  ),
  rows: fc.array(
    fc.record({
      type: HEADER_TEXT,
      retention: CLASS,
      kind: fc.constantFrom<ProfileKind>('interval', 'gauge', 'cumulative'),
      hash: fc.tuple(WORD, WORD),
      labels: fc.option(fc.array(fc.tuple(HEADER_TEXT, HEADER_TEXT), { maxLength: 4 }), { nil: undefined }),
      total: SAFE,
      cells: fc.array(fc.record({ stack: fc.nat(), value: SAFE }), { maxLength: 60 }),
    }),
    { maxLength: 8 },
  ),
});

/** Every other frame is a function, whose texts are there as bytes; functions have no build id. */
function bytesOf(frames: readonly Frame[]): FlatFrames['bytes'] {
  const chunks: Buffer[] = [];
  let at = 0;
  const range = (text: string | undefined): number[] => {
    const chunk = Buffer.from(text ?? '');
    chunks.push(chunk);
    return [at, (at += chunk.length)];
  };
  const names = frames.map(({ texts }, i) => range(i % 2 === 0 ? texts[0] : ''));
  const systemNames = frames.map(({ texts }) => range(texts[1]));
  const files = frames.map(({ texts }) => range(texts[2]));
  return {
    source: Buffer.concat(chunks),
    names: Uint32Array.from(names.flat()),
    systemNames: Uint32Array.from(systemNames.flat()),
    files: Uint32Array.from(files.flat()),
  };
}

/** The parts of a flat profile that rows are written from. */
function flatOf({ frames, stacks }: Plan): FlatProfile {
  const depths = stacks.map((stack) => stack.frames.length);
  return {
    frames: {
      count: frames.length,
      idLo: Uint32Array.from(frames, ({ id }) => id[0]),
      idHi: Uint32Array.from(frames, ({ id }) => id[1]),
      line: Uint32Array.from(frames, ({ line }) => line),
      startLine: Uint32Array.from(frames, ({ line }) => line ^ 1),
      addressLo: Uint32Array.from(frames, ({ line }) => line ^ 2),
      addressHi: Uint32Array.from(frames, ({ line }) => line ^ 3),
      name: (i: number) => frames[i]?.texts[0] ?? '',
      systemName: (i: number) => frames[i]?.texts[1] ?? '',
      file: (i: number) => frames[i]?.texts[2] ?? '',
      buildId: (i: number) => buildIdOf(frames[i], i),
      bytes: bytesOf(frames),
    },
    stacks: {
      count: stacks.length,
      idLo: Uint32Array.from(stacks, ({ id }) => id[0]),
      idHi: Uint32Array.from(stacks, ({ id }) => id[1]),
      offsets: Uint32Array.from([0, ...depths], (_, i) => depths.slice(0, i).reduce((a, b) => a + b, 0)),
      frames: Uint32Array.from(stacks.flatMap((stack) => stack.frames.map((frame) => frame % frames.length))),
    },
  } as unknown as FlatProfile;
}

function buildIdOf(frame: Frame | undefined, i: number): string {
  return frame === undefined || (i % 2 === 0 && frame.texts[0] !== '') ? '' : frame.texts[3];
}

function columnOf({ stacks }: Plan, { cells, total }: Row): FlatColumn {
  return {
    stacks: Uint32Array.from(cells, ({ stack }) => stack % stacks.length),
    values: Float64Array.from(cells, ({ value }) => value),
    total,
  };
}

/** The record of a plan. */
export function write(writer: RowRecordWriter, plan: Plan): Uint8Array {
  writer.start(plan.header, flatOf(plan));
  plan.frames.forEach(({ isNew }, i) => isNew && writer.addFrame(i));
  plan.stacks.forEach(({ isNew }, i) => isNew && writer.addStack(i));
  for (const row of plan.rows) {
    const [lo, hi] = row.hash;
    writer.addRow({
      ...row,
      fingerprint: { lo, hi },
      profileId: { lo: hi, hi: lo },
      column: columnOf(plan, row),
    });
  }
  return writer.finish();
}

/** The same rows, added one by one. */
export function expected(plan: Plan): ProfileBatch {
  const batch = new ProfileBatch();
  const { frames, stacks } = flatOf(plan);
  const { tenant, service, timeMs } = plan.header;
  plan.frames.forEach((frame, i) => {
    const { id, texts, line, isNew } = frame;
    const [idLo, idHi] = id;
    const [name, systemName, file] = texts;
    const startLine = (line ^ 1) >>> 0;
    const address = { addressLo: (line ^ 2) >>> 0, addressHi: (line ^ 3) >>> 0 };
    const system = { systemName: systemName === name ? '' : systemName, buildId: buildIdOf(frame, i) };
    if (isNew)
      addFrameRow(batch, {
        tenant,
        dayMs: timeMs,
        idLo,
        idHi,
        name,
        file,
        line,
        startLine,
        ...system,
        ...address,
      });
  });
  plan.stacks.forEach(({ id, isNew }, i) => {
    const own = stacks.frames.subarray(stacks.offsets[i], stacks.offsets[i + 1]);
    const frameIdLo = own.map((frame) => frames.idLo[frame] ?? 0);
    const frameIdHi = own.map((frame) => frames.idHi[frame] ?? 0);
    if (isNew)
      addStackRow(batch, { tenant, service, dayMs: timeMs, idLo: id[0], idHi: id[1], frameIdLo, frameIdHi });
  });
  for (const row of plan.rows) {
    const { type, kind, labels, total } = row;
    const fingerprint = { lo: row.hash[0], hi: row.hash[1] };
    const column = columnOf(plan, row);
    if (labels !== undefined)
      batch.addSeries({ tenant, dayMs: timeMs, type, kind, service, fingerprint, labels });
    addProfileRow(batch, {
      ...plan.header,
      type,
      kind,
      fingerprint,
      profileId: { lo: fingerprint.hi, hi: fingerprint.lo },
      total,
      retentionDays: row.retention.days,
      rollupDays: row.retention.rollupDays,
      stackIdLo: column.stacks.map((stack) => stacks.idLo[stack] ?? 0),
      stackIdHi: column.stacks.map((stack) => stacks.idHi[stack] ?? 0),
      values: column.values,
    });
  }
  return batch;
}
