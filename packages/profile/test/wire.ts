/** A protobuf field: a number is a varint, text and bytes are length-delimited. */
export type Field = readonly [field: number, value: number | bigint | string | Uint8Array];

function varint(value: number | bigint): number[] {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  do {
    const more = rest > 0x7fn;
    bytes.push(Number(rest & 0x7fn) | (more ? 0x80 : 0));
    rest >>= 7n;
  } while (rest > 0n);
  return bytes;
}

/** Encodes fields exactly as given: in that order, nothing packed, zeros written. */
export function message(...fields: readonly Field[]): Uint8Array {
  const bytes: number[] = [];
  for (const [field, value] of fields) {
    if (typeof value === 'number' || typeof value === 'bigint')
      bytes.push(...varint(field << 3), ...varint(value));
    else {
      const content = typeof value === 'string' ? new TextEncoder().encode(value) : value;
      bytes.push(...varint((field << 3) | 2), ...varint(content.length));
      for (const byte of content) bytes.push(byte);
    }
  }
  return Uint8Array.from(bytes);
}

/** A packed repeated field. */
export function packed(...values: readonly (number | bigint)[]): Uint8Array {
  return Uint8Array.from(values.flatMap(varint));
}

export const TYPE = 1;
export const SAMPLE = 2;
export const MAPPING = 3;
export const LOCATION = 4;
export const FUNCTION = 5;
export const STRING = 6;
export const TIME = 9;

/** Strings of a small profile; their indexes are their places. */
export const STRINGS: readonly Field[] = ['', 'cpu', 'nanoseconds', 'main', 'work', 'main.go'].map(
  (text) => [STRING, text] as const,
);
