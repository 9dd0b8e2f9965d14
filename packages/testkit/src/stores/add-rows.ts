import { ByteWriter } from '@everflame/bytes';
import type { ProfileBatch } from '@everflame/storage';

/** A profile with the ids of its stacks in two halves. */
export interface ProfileRow extends Omit<Parameters<ProfileBatch['addProfile']>[0], 'stackIds'> {
  readonly stackIdLo: Uint32Array;
  readonly stackIdHi: Uint32Array;
}

/** One stack of a service. */
export interface StackRow {
  readonly tenant: string;
  readonly service: string;
  /** Any time within the UTC day. */
  readonly dayMs: number;
  readonly idLo: number;
  readonly idHi: number;
  /** Leaf first. */
  readonly frameIdLo: Uint32Array;
  readonly frameIdHi: Uint32Array;
}

/** One frame. */
export interface FrameRow {
  readonly tenant: string;
  /** Any time within the UTC day. */
  readonly dayMs: number;
  readonly idLo: number;
  readonly idHi: number;
  readonly name: string;
  readonly systemName: string;
  readonly file: string;
  readonly line: number;
  readonly startLine: number;
  readonly buildId: string;
  readonly addressLo: number;
  readonly addressHi: number;
}

export function addProfileRow(batch: ProfileBatch, row: ProfileRow): void {
  const { stackIdLo, stackIdHi, ...rest } = row;
  batch.addProfile({ ...rest, stackIds: pairs(stackIdLo, stackIdHi) });
}

export function addStackRow(batch: ProfileBatch, row: StackRow): void {
  const { tenant, service, dayMs, idLo, idHi, frameIdLo, frameIdHi } = row;
  const sizes = Uint32Array.of(frameIdLo.length);
  const frameIds = pairs(frameIdLo, frameIdHi);
  batch.addStacks({ tenant, service, dayMs, ids: pairs([idLo], [idHi]), sizes, frameIds });
}

export function addFrameRow(batch: ProfileBatch, row: FrameRow): void {
  batch.addFrames({
    tenant: row.tenant,
    dayMs: row.dayMs,
    count: 1,
    ids: pairs([row.idLo], [row.idHi]),
    names: text(row.name),
    systemNames: text(row.systemName),
    files: text(row.file),
    lines: word(row.line),
    startLines: word(row.startLine),
    buildIds: text(row.buildId),
    addresses: pairs([row.addressLo], [row.addressHi]),
  });
}

function pairs(lo: ArrayLike<number>, hi: ArrayLike<number>): Uint8Array {
  const writer = new ByteWriter(lo.length * 8);
  for (let index = 0; index < lo.length; index++) writer.pair(lo[index] as number, hi[index] as number);
  return writer.finish();
}

function text(value: string): Uint8Array {
  const writer = new ByteWriter(64);
  writer.text(value);
  return writer.finish();
}

function word(value: number): Uint8Array {
  return pairs([value], [0]).subarray(0, 4);
}
