/** Most bytes of a number up to 2^53 as a varint. */
export const MAX_VARINT_BYTES = 8;

/**
 * Writes a whole number from 0 to 2^53 as a varint (LEB128: seven bits a byte, the lowest first, as protobuf and
 * ClickHouse's Native have them) and returns where it ends.
 */
export function writeVarint(bytes: Uint8Array, start: number, value: number): number {
  let offset = start;
  let rest = value;
  while (rest > 0x7fff_ffff) {
    bytes[offset++] = (rest % 0x80) | 0x80;
    rest = Math.floor(rest / 0x80);
  }
  while (rest > 0x7f) {
    bytes[offset++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  bytes[offset++] = rest;
  return offset;
}
