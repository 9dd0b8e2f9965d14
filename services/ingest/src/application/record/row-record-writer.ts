import { ByteWriter, Uint32List, writeVarint } from '@everflame/bytes';
import {
  type FlatColumn,
  type FlatFrames,
  type FlatProfile,
  type Hash64,
  type ProfileKind,
  requireInBounds,
  requireRetention,
  requireValuesInBounds,
} from '@everflame/profile';
import { appendAscii, isSameList, isSameRange, MAX_SIGNED_BYTES, writeSigned } from './record-bytes.ts';
import type { RetentionClass } from '../retention.ts';

/** First word of a record: "EFR" and the version of the format. */
export const RECORD_MAGIC = 0x01_52_46_45;
export const RECORD_HEADER_BYTES = 80;
/** Where the time is in the header. */
export const TIME_AT = 8;
export const KINDS: readonly ProfileKind[] = ['interval', 'gauge', 'cumulative'];
/** Set in the byte of the kind where the labels of the series follow. */
export const NEW_SERIES = 0x80;
/** Set in the byte of the kind where the retention of the series follows, because it is not that of the header. */
export const OWN_RETENTION = 0x40;

/** How many of the last lists a column is compared with: sample types that come in pairs have the same stacks. */
const COMPARED_LISTS = 4;

/** What all rows of a profile have in common. */
export interface RecordHeader {
  readonly tenant: string;
  readonly service: string;
  readonly timeMs: number;
  readonly durationMs: number;
  readonly period: number;
  readonly retention: RetentionClass;
}

/** A profile of one series and type. */
export interface RecordRow {
  /** Profile type id. */
  readonly type: string;
  readonly kind: ProfileKind;
  readonly fingerprint: Hash64;
  readonly profileId: Hash64;
  /** Where given, the series is stored too. */
  readonly labels: readonly (readonly [string, string])[] | undefined;
  readonly retention: RetentionClass;
  readonly column: FlatColumn;
}

/**
 * Writes all rows of one profile into one record; `appendRowRecord` reads it. Between `start` and `finish` frames come
 * before stacks and stacks before rows. Reuses its memory: keep one per thread.
 */
export class RowRecordWriter {
  /** Ids of the frames that are new, then of those that new stacks refer to as well. */
  readonly #frameIds = new Uint32List();
  readonly #stackIds = new Uint32List();
  readonly #listIds = new Uint32List();
  readonly #lines = new Uint32List();
  readonly #startLines = new Uint32List();
  readonly #addresses = new Uint32List();
  readonly #names = new ByteWriter(4096);
  readonly #systemNames = new ByteWriter(4096);
  readonly #files = new ByteWriter(4096);
  readonly #buildIds = new ByteWriter(4096);
  readonly #owner = new ByteWriter(4096);
  readonly #stacks = new ByteWriter(4096);
  readonly #lists = new ByteWriter(4096);
  readonly #rows = new ByteWriter(4096);
  /** All parts in the order of the format. */
  readonly #parts = [
    this.#frameIds,
    this.#stackIds,
    this.#listIds,
    this.#lines,
    this.#startLines,
    this.#addresses,
    this.#names,
    this.#systemNames,
    this.#files,
    this.#buildIds,
    this.#owner,
    this.#stacks,
    this.#lists,
    this.#rows,
  ];
  #listed: Uint32Array[] = [];
  /** Position in `#frameIds` + 1 of each frame of the profile; 0 is none. */
  #slotOfFrame = new Uint32Array(1024);
  #frameCount = 0;
  #rowCount = 0;
  #flat: FlatProfile | undefined;
  #header: RecordHeader | undefined;

  /** Throws `InvalidArgumentError` (`value_out_of_range`) for a header that cannot be stored. */
  start(header: RecordHeader, flat: FlatProfile): void {
    requireInBounds('timeMs', header.timeMs);
    requireInBounds('durationMs', header.durationMs);
    requireInBounds('period', header.period);
    requireRetention(header.retention.days, header.retention.rollupDays);
    for (const part of this.#parts) part.clear();
    this.#listed = [];
    this.#frameCount = 0;
    this.#rowCount = 0;
    this.#flat = flat;
    this.#header = header;
    const { count } = flat.frames;
    if (this.#slotOfFrame.length < count) this.#slotOfFrame = new Uint32Array(2 * count);
    else this.#slotOfFrame.fill(0, 0, count);
    this.#owner.text(header.tenant);
    this.#owner.text(header.service);
  }

  /** Adds the row of frame `i` of the profile. */
  addFrame(i: number): void {
    const { frames } = this.#profile;
    const { names } = frames.bytes;
    if (names[2 * i] === names[2 * i + 1]) this.#addTexts(frames, i);
    else this.#addFunction(frames, i);
    this.#lines.push(frames.line[i] as number);
    this.#startLines.push(frames.startLine[i] as number);
    this.#addresses.pushPair(frames.addressLo[i] as number, frames.addressHi[i] as number);
    this.#slotOf(frames, i);
    this.#frameCount++;
  }

  #addTexts(frames: FlatFrames, i: number): void {
    const name = frames.name(i);
    const systemName = frames.systemName(i);
    this.#names.text(name);
    this.#systemNames.text(systemName === name ? '' : systemName);
    this.#files.text(frames.file(i));
    this.#buildIds.text(frames.buildId(i));
  }

  /** As `#addTexts`, without making text of what is ASCII. */
  #addFunction(frames: FlatFrames, i: number): void {
    const { source, names, systemNames, files } = frames.bytes;
    const start = names[2 * i] as number;
    const end = names[2 * i + 1] as number;
    const systemStart = systemNames[2 * i] as number;
    const systemEnd = systemNames[2 * i + 1] as number;
    if (!appendAscii(this.#names, source, start, end)) this.#names.text(frames.name(i));
    const length = end - start;
    const isSameName = systemEnd - systemStart === length && isSameRange(source, start, systemStart, length);
    if (isSameName) this.#systemNames.byte(0);
    else if (!appendAscii(this.#systemNames, source, systemStart, systemEnd))
      this.#systemNames.text(frames.systemName(i));
    if (!appendAscii(this.#files, source, files[2 * i] as number, files[2 * i + 1] as number)) {
      this.#files.text(frames.file(i));
    }
    this.#buildIds.byte(0);
  }

  /** Adds the row of stack `i` of the profile. */
  addStack(i: number): void {
    const { frames, stacks } = this.#profile;
    const start = stacks.offsets[i] as number;
    const end = stacks.offsets[i + 1] as number;
    this.#stackIds.pushPair(stacks.idLo[i] as number, stacks.idHi[i] as number);
    this.#stacks.varint(end - start);
    this.#stacks.reserve((end - start) * 5);
    const { bytes } = this.#stacks;
    const slots = this.#slotOfFrame;
    const framesOfStacks = stacks.frames;
    let at = this.#stacks.length;
    for (let position = start; position < end; position++) {
      const frame = framesOfStacks[position] as number;
      const slot = ((slots[frame] as number) || this.#slotOf(frames, frame)) - 1;
      // Two bytes where one would do, because a branch between one and two is mispredicted again and again.
      bytes[at] = (slot & 0x7f) | 0x80;
      if (slot < 0x4000) {
        bytes[at + 1] = slot >>> 7;
        at += 2;
      } else at = writeVarint(bytes, at, slot);
    }
    this.#stacks.length = at;
  }

  /** As `start`, for values that cannot be stored; the record is unusable then. */
  addRow({ type, kind, fingerprint, profileId, labels, retention, column }: RecordRow): void {
    const rows = this.#rows;
    const isOwn = !isSameClass(retention, this.#header?.retention);
    if (isOwn) requireRetention(retention.days, retention.rollupDays);
    requireInBounds('total', column.total);
    requireValuesInBounds(column.values);
    rows.text(type);
    rows.byte(KINDS.indexOf(kind) | (labels === undefined ? 0 : NEW_SERIES) | (isOwn ? OWN_RETENTION : 0));
    rows.pair(fingerprint.lo, fingerprint.hi);
    rows.pair(profileId.lo, profileId.hi);
    if (labels !== undefined) {
      rows.varint(labels.length);
      for (const [name, value] of labels) {
        rows.text(name);
        rows.text(value);
      }
    }
    if (isOwn) {
      rows.varint(retention.days);
      rows.varint(retention.rollupDays);
    }
    rows.varint(this.#listOf(column.stacks));
    const { values } = column;
    rows.reserve((values.length + 1) * MAX_SIGNED_BYTES);
    const { bytes } = rows;
    let at = writeSigned(bytes, rows.length, column.total);
    for (let i = 0; i < values.length; i++) at = writeSigned(bytes, at, values[i] as number);
    rows.length = at;
    this.#rowCount++;
  }

  /** The record, in memory of its own that can be transferred. */
  finish(): Uint8Array<ArrayBuffer> {
    const parts = this.#parts.map((part) => part.view());
    const size = parts.reduce((sum, part) => sum + part.length, RECORD_HEADER_BYTES);
    // Not zeroed, as all of it is written.
    const record = new Uint8Array(Buffer.allocUnsafeSlow(size).buffer);
    this.#writeHeader(new DataView(record.buffer));
    let offset = RECORD_HEADER_BYTES;
    for (const part of parts) {
      record.set(part, offset);
      offset += part.length;
    }
    return record;
  }

  get #profile(): FlatProfile {
    if (this.#flat === undefined) throw new Error('A record was not started.');
    return this.#flat;
  }

  #slotOf(frames: FlatFrames, frame: number): number {
    this.#frameIds.pushPair(frames.idLo[frame] as number, frames.idHi[frame] as number);
    return (this.#slotOfFrame[frame] = this.#frameIds.length / 2);
  }

  /** The list of the stacks' ids; columns that have the same stacks share one. */
  #listOf(column: Uint32Array): number {
    for (
      let list = this.#listed.length - 1;
      list >= Math.max(0, this.#listed.length - COMPARED_LISTS);
      list--
    ) {
      if (isSameList(this.#listed[list] ?? column, column)) return list;
    }
    const { idLo, idHi } = this.#profile.stacks;
    const count = column.length;
    this.#lists.varint(count);
    const words = this.#listIds.reserve(2 * count);
    let at = this.#listIds.length;
    for (let i = 0; i < count; i++) {
      const stack = column[i] as number;
      words[at++] = idLo[stack] as number;
      words[at++] = idHi[stack] as number;
    }
    this.#listIds.length = at;
    return this.#listed.push(column) - 1;
  }

  #writeHeader(view: DataView): void {
    const header = this.#header;
    if (header === undefined) throw new Error('A record was not started.');
    view.setUint32(0, RECORD_MAGIC, true);
    view.setUint32(4, view.byteLength, true);
    view.setFloat64(TIME_AT, header.timeMs, true);
    view.setFloat64(16, header.durationMs, true);
    view.setFloat64(24, header.period, true);
    const counts = [
      header.retention.days,
      this.#frameCount,
      this.#frameIds.length / 2,
      this.#stackIds.length / 2,
      this.#listed.length,
      this.#listIds.length / 2,
      this.#rowCount,
      ...[this.#names, this.#systemNames, this.#files, this.#buildIds].map((texts) => texts.length),
    ];
    view.setUint32(RECORD_HEADER_BYTES - 4, header.retention.rollupDays, true);
    counts.forEach((count, i) => view.setUint32(32 + 4 * i, count, true));
  }
}

function isSameClass(a: RetentionClass, b: RetentionClass | undefined): boolean {
  return a.days === b?.days && a.rollupDays === b.rollupDays;
}
