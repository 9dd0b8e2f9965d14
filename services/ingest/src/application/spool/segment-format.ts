import { crc32 } from 'node:zlib';

// A segment is a header and records. All numbers are little-endian.
//   header: 8 bytes magic, u32 version, u32 CRC32 of the 12 bytes before
//   record: u32 marker, u32 length, u32 CRC32 of the payload, u32 CRC32 of the 12 bytes before, payload
// The record's header has a checksum of its own, so that a length is either right or known to be wrong: a record that ends
// behind the end of the file was cut off, and one whose payload is damaged can be stepped over.
const MAGIC = Buffer.from('EVFSPOOL', 'latin1');
const VERSION = 1;
const MARKER = Buffer.from([0xef, 0x52, 0x45, 0xc3]);
/** Bytes before the first record. */
export const SEGMENT_HEADER_BYTES = 16;
/** Bytes that a record takes beyond its payload. */
export const RECORD_HEADER_BYTES = 16;

/** One record of a segment; `offset` is where its header begins in the file. */
export interface SegmentRecord {
  readonly offset: number;
  readonly payload: Uint8Array;
}

/** Bytes that are not the record that they should be. */
interface DamagedRange {
  readonly start: number;
  readonly end: number;
  readonly reason: 'header' | 'checksum';
}

/** The segment was written by a newer version of the program. */
export class SegmentVersionError extends Error {
  constructor(version: number) {
    super(`The segment has version ${version}; this program reads version ${VERSION}.`);
    this.name = 'SegmentVersionError';
  }
}

export function encodeSegmentHeader(): Buffer {
  const header = Buffer.alloc(SEGMENT_HEADER_BYTES);
  MAGIC.copy(header);
  header.writeUInt32LE(VERSION, 8);
  header.writeUInt32LE(crc32(header.subarray(0, 12)), 12);
  return header;
}

/** A plain view, because `Buffer.slice` means something else than `Uint8Array.slice`. */
function bytesOf(buffer: Buffer, start: number, end: number): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset + start, end - start);
}

/** Bytes of the payload plus what frames it. */
export function framedBytes(payload: Uint8Array): number {
  return RECORD_HEADER_BYTES + payload.length;
}

/** Frames the payloads one after the other into one buffer; the records' offsets count from `offset`. */
export function encodeRecords(payloads: readonly Uint8Array[], offset: number) {
  const block = Buffer.allocUnsafe(payloads.reduce((bytes, payload) => bytes + framedBytes(payload), 0));
  let at = 0;
  const records = payloads.map((payload): SegmentRecord => {
    MARKER.copy(block, at);
    block.writeUInt32LE(payload.length, at + 4);
    block.writeUInt32LE(crc32(payload), at + 8);
    block.writeUInt32LE(crc32(block.subarray(at, at + 12)), at + 12);
    const start = at + RECORD_HEADER_BYTES;
    block.set(payload, start);
    at = start + payload.length;
    return { offset: offset + start - RECORD_HEADER_BYTES, payload: bytesOf(block, start, at) };
  });
  return { block, records };
}

/**
 * Reads what a process left behind, however it ended. Damage costs the record it is in and no other; an incomplete write
 * at the end is told from damage: it begins at `validBytes`, or there the file ends. Nothing from there on was ever
 * confirmed. Throws `SegmentVersionError` for a segment of a newer program.
 */
export function parseSegment(file: Buffer) {
  const records: SegmentRecord[] = [];
  const damaged: DamagedRange[] = [];
  if (file.length < SEGMENT_HEADER_BYTES || isZero(file)) return { records, damaged, validBytes: 0 };
  if (!hasHeader(file)) damaged.push({ start: 0, end: SEGMENT_HEADER_BYTES, reason: 'header' });
  let at = SEGMENT_HEADER_BYTES;
  while (at < file.length) {
    const length = lengthAt(file, at);
    const end = length === undefined ? endOfDamage(file, at) : at + RECORD_HEADER_BYTES + length;
    if (end === undefined || end > file.length) break;
    const payload = payloadAt(file, at, length);
    if (payload !== undefined) records.push({ offset: at, payload });
    else damaged.push({ start: at, end, reason: length === undefined ? 'header' : 'checksum' });
    at = end;
  }
  return { records, damaged, validBytes: Math.min(at, file.length) };
}

/** The payload of the record at `at`, or nothing where it is not the one that was written. */
function payloadAt(file: Buffer, at: number, length: number | undefined): Uint8Array | undefined {
  if (length === undefined) return undefined;
  const start = at + RECORD_HEADER_BYTES;
  const payload = bytesOf(file, start, start + length);
  return crc32(payload) === file.readUInt32LE(at + 8) ? payload : undefined;
}

/** Where the next record begins, or the end of the file; nothing where only a write that was cut off is left. */
function endOfDamage(file: Buffer, at: number): number | undefined {
  return nextRecord(file, at + 1) ?? (isCutOff(file, at) ? undefined : file.length);
}

function hasHeader(file: Buffer): boolean {
  if (file.readUInt32LE(12) !== crc32(file.subarray(0, 12)) || !file.subarray(0, 8).equals(MAGIC))
    return false;
  const version = file.readUInt32LE(8);
  if (version !== VERSION) throw new SegmentVersionError(version);
  return true;
}

/** The length of the record whose header is at `at`, or nothing where there is no intact header. */
function lengthAt(file: Buffer, at: number): number | undefined {
  if (at + RECORD_HEADER_BYTES > file.length) return undefined;
  if (!file.subarray(at, at + 4).equals(MARKER)) return undefined;
  if (file.readUInt32LE(at + 12) !== crc32(file.subarray(at, at + 12))) return undefined;
  return file.readUInt32LE(at + 4);
}

function nextRecord(file: Buffer, from: number): number | undefined {
  for (let at = file.indexOf(MARKER, from); at >= 0; at = file.indexOf(MARKER, at + 1)) {
    if (lengthAt(file, at) !== undefined) return at;
  }
  return undefined;
}

/** Too short for a header, or never written: a power cut may leave a file grown but without its bytes. */
function isCutOff(file: Buffer, at: number): boolean {
  return file.length - at < RECORD_HEADER_BYTES || isZero(file.subarray(at));
}

function isZero(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0);
}
