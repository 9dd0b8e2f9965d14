/** One field of a protobuf message; `value` is the varint, or what a length-delimited or fixed field holds. */
export interface WireField {
  readonly field: number;
  readonly wireType: number;
  readonly value: bigint | Uint8Array;
}

/** Splits a message into its fields, slowly and plainly. Throws where it is no protobuf. */
export function splitFields(bytes: Uint8Array): WireField[] {
  const fields: WireField[] = [];
  let at = 0;
  while (at < bytes.length) {
    const tag = readVarint(bytes, at);
    at = tag.end;
    const field = Number(tag.value >> 3n);
    const wireType = Number(tag.value & 7n);
    if (wireType === 0) {
      const { value, end } = readVarint(bytes, at);
      fields.push({ field, wireType, value });
      at = end;
      continue;
    }
    let size = { 1: 8, 5: 4 }[wireType];
    if (wireType === 2) {
      const length = readVarint(bytes, at);
      at = length.end;
      size = Number(length.value);
    }
    if (size === undefined || at + size > bytes.length) throw new Error(`no field at byte ${at}`);
    fields.push({ field, wireType, value: bytes.subarray(at, at + size) });
    at += size;
  }
  return fields;
}

/** Reads a varint of at most ten bytes as an unsigned 64-bit number. */
export function readVarint(bytes: Uint8Array, start: number): { value: bigint; end: number } {
  let value = 0n;
  for (let i = 0; i < 10; i++) {
    const byte = bytes[start + i];
    if (byte === undefined) break;
    value |= BigInt(byte & 0x7f) << BigInt(7 * i);
    if (byte < 0x80) return { value: BigInt.asUintN(64, value), end: start + i + 1 };
  }
  throw new Error(`no varint at byte ${start}`);
}

/** The varints of a packed field. */
export function readPacked(bytes: Uint8Array): bigint[] {
  const values: bigint[] = [];
  for (let at = 0; at < bytes.length;) {
    const { value, end } = readVarint(bytes, at);
    values.push(value);
    at = end;
  }
  return values;
}

export function writeVarint(value: bigint): number[] {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  while (rest > 0x7fn) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return bytes;
}

/** Writes fields as they are, in their order. */
export function joinFields(fields: readonly WireField[]): Uint8Array {
  const parts: (Uint8Array | number[])[] = [];
  for (const { field, wireType, value } of fields) {
    parts.push(writeVarint((BigInt(field) << 3n) | BigInt(wireType)));
    if (typeof value === 'bigint') parts.push(writeVarint(value));
    else {
      if (wireType === 2) parts.push(writeVarint(BigInt(value.length)));
      parts.push(value);
    }
  }
  const bytes = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
