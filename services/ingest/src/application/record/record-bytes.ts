import { type ByteWriter, writeVarint } from '@everflame/bytes';

/**
 * Appends bytes `[start, end)` of `from` after their length, where they are ASCII and fewer than 2^14; tells whether they
 * were appended.
 */
export function appendAscii(writer: ByteWriter, from: Uint8Array, start: number, end: number): boolean {
  const size = end - start;
  if (size >= 0x4000) return false;
  writer.reserve(size + 2);
  const { bytes } = writer;
  let offset = writeVarint(bytes, writer.length, size);
  // A loop is faster than a copy call for the length that names have.
  let seen = 0;
  for (let i = start; i < end; i++) {
    const byte = from[i] as number;
    seen |= byte;
    bytes[offset++] = byte;
  }
  if (seen >= 0x80) return false;
  writer.length = offset;
  return true;
}

/** Most bytes of a safe integer as `writeSigned` writes it. */
export const MAX_SIGNED_BYTES = 8;

/**
 * Writes a safe integer: the sign in the lowest bit of the first byte, then six and seven bits of the magnitude at a
 * time, the lowest first; every byte but the last has its highest bit set. Returns where it ends.
 */
export function writeSigned(bytes: Uint8Array, start: number, value: number): number {
  let at = start;
  const sign = value < 0 ? 1 : 0;
  const magnitude = value < 0 ? -value : value;
  let byte = ((magnitude & 0x3f) << 1) | sign;
  // In 32 bits, which is faster, as far as they reach: the lowest four bytes hold 27.
  let rest = magnitude;
  if (magnitude < 0x4000_0000) rest = magnitude >>> 6;
  else {
    const low = magnitude | 0;
    bytes[at++] = byte | 0x80;
    bytes[at++] = (low >>> 6) | 0x80;
    bytes[at++] = (low >>> 13) | 0x80;
    byte = (low >>> 20) & 0x7f;
    rest = Math.floor(magnitude / 0x800_0000);
  }
  while (rest !== 0) {
    bytes[at++] = byte | 0x80;
    byte = rest & 0x7f;
    rest >>>= 7;
  }
  bytes[at++] = byte;
  return at;
}

/** Whether two lists have the same numbers. */
export function isSameList(left: Uint32Array, right: Uint32Array): boolean {
  if (left === right) return true;
  if (left.length !== right.length) return false;
  for (let i = 0; i < left.length; i++) if (left[i] !== right[i]) return false;
  return true;
}

/** Whether two ranges of `bytes` of this length have the same content. */
export function isSameRange(bytes: Uint8Array, start: number, otherStart: number, length: number): boolean {
  if (start === otherStart) return true;
  for (let i = 0; i < length; i++) if (bytes[start + i] !== bytes[otherStart + i]) return false;
  return true;
}
