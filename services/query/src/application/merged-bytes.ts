import type { MergedStacks } from '@everflame/storage';

/** Before a change of the layout or of what values mean, this must change. */
const LAYOUT = 1;

type Arrays = Pick<MergedStacks, 'stackIdLo' | 'stackIdHi' | 'values' | 'exactValues'>;
type Header = Omit<MergedStacks, keyof Arrays> & {
  readonly layout: number;
  readonly version: string;
  readonly stacks: number;
  readonly isBig: boolean;
};

/** Merged stacks with the version that they hold for, as bytes: header length, JSON, and the arrays as they are. */
export function encodeMerged(merged: MergedStacks, version: string): Buffer {
  const { stackIdLo, stackIdHi, values, exactValues, ...rest } = merged;
  const header: Header = {
    ...rest,
    layout: LAYOUT,
    version,
    stacks: values.length,
    isBig: exactValues !== undefined,
  };
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(json.length);
  const arrays = [stackIdLo, stackIdHi, values, ...(exactValues === undefined ? [] : [exactValues])];
  return Buffer.concat([
    length,
    json,
    ...arrays.map((array) => Buffer.from(array.buffer, array.byteOffset, array.byteLength)),
  ]);
}

/** Undefined for bytes of another layout or version. */
export function decodeMerged(bytes: Buffer, version: string): MergedStacks | undefined {
  if (bytes.length < 4) return undefined;
  const end = 4 + bytes.readUInt32LE();
  const header = JSON.parse(bytes.toString('utf8', 4, end)) as Header;
  const { layout, version: storedVersion, stacks, isBig, ...rest } = header;
  if (layout !== LAYOUT || storedVersion !== version) return undefined;
  if (bytes.length !== end + stacks * (isBig ? 24 : 16)) return undefined;
  // A copy, since views need whole multiples of their size as offsets.
  const body = new Uint8Array(bytes.subarray(end)).buffer;
  return {
    ...rest,
    stackIdLo: new Uint32Array(body, 0, stacks),
    stackIdHi: new Uint32Array(body, stacks * 4, stacks),
    values: new Float64Array(body, stacks * 8, stacks),
    ...(isBig ? { exactValues: new BigInt64Array(body, stacks * 16, stacks) } : {}),
  };
}
