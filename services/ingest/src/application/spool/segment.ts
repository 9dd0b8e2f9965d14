import { randomBytes } from 'node:crypto';
import type { SegmentRecord } from './segment-format.ts';

const EXTENSION = '.spool';
const NAME = /^(\d{16})-([0-9a-f]{16}q?)\.spool$/;

/** A segment that takes no more records and waits to be inserted. */
export interface SealedSegment {
  readonly name: string;
  /** Differs from that of every other segment, of any process at any time: ClickHouse knows by it what it has. */
  readonly id: string;
  /** Bytes that are known to be durable; what the file has beyond them was never confirmed. */
  readonly bytes: number;
  /** Unix ms of the first record, as far as it is known. */
  readonly createdMs: number;
  /** Absent where they must be read from the file. */
  readonly records: readonly SegmentRecord[] | undefined;
}

/** A name for the segment after `sequence` others; names sort in the order of their records. */
export function newSegmentName(sequence: number): string {
  return `${String(sequence).padStart(16, '0')}-${randomBytes(8).toString('hex')}${EXTENSION}`;
}

/** The parts of a segment's name, or nothing where it is none. */
export function parseSegmentName(name: string) {
  const match = NAME.exec(name);
  return match === null ? undefined : { sequence: Number(match[1]), id: match[2] ?? '' };
}

/** The name under which records of a segment are set aside; it is a segment's too, so that it can be put back. */
export function asideName(name: string): string {
  return name.replace(/q?\.spool$/, `q${EXTENSION}`);
}
