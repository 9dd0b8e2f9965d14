import { Uint32List } from '@everflame/bytes';
import { isInBounds } from '@everflame/profile';
import { malformedRecord, RecordCursor } from './record-cursor.ts';
import { KINDS, NEW_SERIES, OWN_RETENTION, RECORD_HEADER_BYTES, RECORD_MAGIC } from './row-record-writer.ts';
import type { RetentionClass } from '../retention.ts';
import type { Sender } from './row-sink.ts';

/** The least that a row takes: type, kind, two ids, list and total. */
const MIN_ROW_BYTES = 20;
/** Where the counts begin in the header. */
const COUNTS_AT = 36;
/** Of a new frame without its id and texts: lines and address. */
const NEW_FRAME_BYTES = 16;
const NO_VALUES = new Float64Array();
/** What a header without retention of rollups, as older versions wrote it, means. */
const UNSAID_ROLLUP_DAYS = 400;

/** Takes one record apart; throws `malformed_record` for whatever does not follow the format in `row-record.ts`. */
export class RecordReader {
  readonly #cursor: RecordCursor;
  #isCheck = false;

  constructor(record: Uint8Array) {
    this.#cursor = new RecordCursor(record);
  }

  /** Throws what `read` would throw; texts are not made, and values, of which the writer has checked each, only counted. */
  check(): void {
    this.#isCheck = true;
    this.read();
  }

  /** Ids and texts are views of the record. */
  read() {
    const cursor = this.#cursor;
    const head = new RecordCursor(cursor.slice(RECORD_HEADER_BYTES));
    if (head.word() !== RECORD_MAGIC) throw malformedRecord('it does not begin as one');
    if (head.word() !== cursor.bytes.length) throw malformedRecord('it has another size than it says');
    const timeMs = head.roundedField('timeMs');
    const durationMs = head.roundedField('durationMs');
    const period = head.field('period');
    const days = head.word();
    const count = head.word();
    const frameIds = head.word();
    const stackCount = head.word();
    const lists = head.word();
    const listIds = head.word();
    const rowCount = head.word();
    if (count > frameIds) throw malformedRecord('it has more frames than ids');

    const ids = cursor.slice(8 * frameIds);
    const stackIds = cursor.slice(8 * stackCount);
    const idsOfLists = cursor.slice(8 * listIds);
    const frames = { count, ids: ids.subarray(0, 8 * count), ...this.#readFrames(count, head) };
    const tenant = this.#text();
    const service = this.#text();
    const stacks = { ids: stackIds, ...this.#readStacks(stackCount, ids) };
    const retention = checkedClass(days, head.word() || UNSAID_ROLLUP_DAYS);
    const rows = this.#readRows(rowCount, this.#readLists(lists, idsOfLists), retention);
    if (cursor.left !== 0) throw malformedRecord('there is more after it');
    return { header: { tenant, service, timeMs, durationMs, period }, frames, stacks, rows };
  }

  #readFrames(count: number, head: RecordCursor) {
    const cursor = this.#cursor;
    return {
      lines: cursor.slice(4 * count),
      startLines: cursor.slice(4 * count),
      addresses: cursor.slice(8 * count),
      names: cursor.texts(count, head.word()),
      systemNames: cursor.texts(count, head.word()),
      files: cursor.texts(count, head.word()),
      buildIds: cursor.texts(count, head.word()),
    };
  }

  #readStacks(count: number, ids: Uint8Array) {
    const cursor = this.#cursor;
    if (count > cursor.left) throw malformedRecord('it has more stacks than bytes');
    const sizes = new Uint32Array(count);
    const frames = new Uint32List(count === 0 || this.#isCheck ? 0 : 1024);
    const table = new Uint32Array(new Uint8Array(ids).buffer);
    for (let stack = 0; stack < count; stack++) {
      const depth = cursor.count(1);
      sizes[stack] = depth;
      if (this.#isCheck) {
        const largest = cursor.largestVarint(depth);
        if (depth > 0 && 2 * largest >= table.length) throw malformedRecord('a stack has an unknown frame');
        continue;
      }
      const words = frames.reserve(2 * depth);
      let at = frames.length;
      for (let i = 0; i < depth; i++) {
        const position = cursor.varint();
        if (2 * position >= table.length) throw malformedRecord('a stack has an unknown frame');
        words[at++] = table[2 * position] as number;
        words[at++] = table[2 * position + 1] as number;
      }
      frames.length = at;
    }
    return { sizes, frameIds: frames.view() };
  }

  #readLists(count: number, ids: Uint8Array): readonly Uint8Array[] {
    const cursor = this.#cursor;
    if (count > cursor.left) throw malformedRecord('it has more lists than bytes');
    let at = 0;
    const lists = Array.from({ length: count }, () => {
      const start = at;
      at += 8 * cursor.varint();
      if (at > ids.length) throw malformedRecord('a list has more than there are ids');
      return ids.subarray(start, at);
    });
    if (at !== ids.length) throw malformedRecord('an id is in no list');
    return lists;
  }

  #readRows(count: number, lists: readonly Uint8Array[], common: RetentionClass) {
    const cursor = this.#cursor;
    if (count * MIN_ROW_BYTES > cursor.left) throw malformedRecord('it has more rows than bytes');
    return Array.from({ length: count }, () => {
      const type = this.#text();
      const code = cursor.byte();
      const kind = KINDS[code & ~(NEW_SERIES | OWN_RETENTION)];
      if (kind === undefined) throw malformedRecord('a row has an unknown kind');
      const fingerprint = cursor.hash();
      const profileId = cursor.hash();
      const labels = (code & NEW_SERIES) === 0 ? undefined : this.#readLabels();
      const retention =
        (code & OWN_RETENTION) === 0 ? common : checkedClass(cursor.varint(), cursor.varint());
      const stackIds = lists[cursor.varint()];
      if (stackIds === undefined) throw malformedRecord('a row has an unknown list');
      const total = cursor.signed();
      const count = stackIds.length / 8;
      if (this.#isCheck) cursor.skipSigned(count);
      const values = this.#isCheck ? NO_VALUES : cursor.signedAll(count);
      return { type, kind, fingerprint, profileId, labels, retention, total, stackIds, values };
    });
  }

  #text(): string {
    if (!this.#isCheck) return this.#cursor.text();
    this.#cursor.take(this.#cursor.varint());
    return '';
  }

  #readLabels(): readonly (readonly [string, string])[] {
    const count = this.#cursor.count(2);
    return Array.from({ length: count }, () => [this.#text(), this.#text()] as const);
  }
}

/** Whose rows a record has, also of one that is damaged elsewhere; nothing where that cannot be told. */
export function senderOfRecord(record: Uint8Array): Sender | undefined {
  try {
    const cursor = new RecordCursor(record);
    const head = new RecordCursor(cursor.slice(RECORD_HEADER_BYTES));
    head.offset = COUNTS_AT;
    const [frames = 0, frameIds = 0, stacks = 0, , listIds = 0, , ...texts] = Array.from({ length: 10 }, () =>
      head.word(),
    );
    cursor.slice(8 * (frameIds + stacks + listIds) + NEW_FRAME_BYTES * frames);
    for (const bytes of texts) cursor.slice(bytes);
    return { tenant: cursor.text(), service: cursor.text() };
  } catch {
    return undefined;
  }
}

function checkedClass(days: number, rollupDays: number): RetentionClass {
  if (!isInBounds('retentionDays', days) || !isInBounds('rollupDays', rollupDays) || days > rollupDays) {
    throw malformedRecord('its retention is out of range');
  }
  return { days, rollupDays };
}
