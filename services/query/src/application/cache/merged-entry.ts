import type { MergedStacks } from '@everflame/storage';
import { packKept, unpackKept } from './cache-entry.ts';

/** Before a change of the layout or of what values mean, this must change. */
const LAYOUT = 1;

type Arrays = Pick<MergedStacks, 'stackIdLo' | 'stackIdHi' | 'values' | 'exactValues'>;
type Header = Omit<MergedStacks, keyof Arrays> & {
  readonly layout: number;
  readonly version: string;
  readonly stacks: number;
  readonly isBig: boolean;
};

/** Merged stacks, and what else of plain values comes with them, with the version that they hold for, as bytes. */
export function encodeMerged(merged: MergedStacks, version: string): Buffer {
  const { stackIdLo, stackIdHi, values, exactValues, ...rest } = merged;
  const header: Header = {
    ...rest,
    layout: LAYOUT,
    version,
    stacks: values.length,
    isBig: exactValues !== undefined,
  };
  return packKept(header, [
    stackIdLo,
    stackIdHi,
    values,
    ...(exactValues === undefined ? [] : [exactValues]),
  ]);
}

/** What `encodeMerged` was given; undefined for bytes of another layout or version. */
export function decodeMerged(bytes: Buffer, version: string): MergedStacks | undefined {
  const unpacked = unpackKept(bytes);
  if (unpacked === undefined) return undefined;
  const { header, body } = unpacked;
  const { layout, version: storedVersion, stacks, isBig, ...rest } = header as Header;
  if (layout !== LAYOUT || storedVersion !== version) return undefined;
  if (body.byteLength !== stacks * (isBig ? 24 : 16)) return undefined;
  return {
    ...rest,
    stackIdLo: new Uint32Array(body, 0, stacks),
    stackIdHi: new Uint32Array(body, stacks * 4, stacks),
    values: new Float64Array(body, stacks * 8, stacks),
    ...(isBig ? { exactValues: new BigInt64Array(body, stacks * 16, stacks) } : {}),
  };
}
