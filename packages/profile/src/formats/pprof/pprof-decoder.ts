import { grown } from '@everflame/bytes';
import { LimitExceededError, MalformedProfileError } from '../../errors.ts';
import type { SampleType } from '../../profile-type.ts';
import { IdIndex } from './id-index.ts';
import { ProfileColumns } from '../profile-columns.ts';
import { SampleReader } from './sample-reader.ts';
import { SymbolReader } from './symbol-reader.ts';
import { checkRows, MAX_SAMPLE_TYPES } from '../table-limits.ts';
import { malformedAt, unknownString, WireReader } from './wire-reader.ts';

const MAX_BYTES = 1 << 30;
const YEAR_2000_MS = 946_684_800_000;
const STRING_TAG = 0x32;

/**
 * Decodes pprof (`profile.proto`) into columns, with the validation of Go's `profile.CheckValid`. Reuses its memory:
 * keep one per thread, and be done with a result before the next `decode`. Reads fields in any order, packed or not.
 * Format: https://github.com/google/pprof/blob/main/proto/profile.proto
 */
export class PprofDecoder {
  readonly #reader = new WireReader();
  readonly #locationIds = new IdIndex('location');
  readonly #columns = new ProfileColumns();
  readonly #samples = new SampleReader(this.#reader, this.#columns);
  readonly #symbols = new SymbolReader(this.#reader, this.#columns, this.#locationIds);
  #header = new Header();

  /**
   * Decodes an uncompressed profile. The result shares `bytes` for its strings.
   * Throws `MalformedProfileError`, or `LimitExceededError` for more than 64 sample types, `maxSamples` samples or the
   * rows of `TABLE_LIMITS`.
   */
  decode(bytes: Uint8Array, maxSamples = Infinity): ProfileColumns {
    if (bytes.length > MAX_BYTES) throw new LimitExceededError('profile_bytes', MAX_BYTES, bytes.length);
    const columns = this.#columns;
    this.#reader.reset(bytes);
    this.#header = new Header();
    this.#samples.clear();
    this.#symbols.clear();
    columns.strings.bytes = bytes;
    columns.strings.count = 0;
    this.#readFields(maxSamples);
    if (columns.strings.count === 0) throw malformedAt(bytes.length, 'there is no string table');
    this.#samples.finish(this.#header.sampleTypes.length / 2, this.#locationIds);
    this.#symbols.finish();
    this.#header.writeTo(columns);
    return columns;
  }

  #readFields(maxSamples: number): void {
    const reader = this.#reader;
    const header = this.#header;
    while (reader.pos < reader.end) {
      const tag = reader.tag();
      switch (tag) {
        case 0x0a:
          header.addSampleType(reader);
          break;
        case 0x12:
          this.#samples.readSample(maxSamples);
          break;
        case 0x1a:
          this.#symbols.readMapping();
          break;
        case 0x22:
          this.#symbols.readLocation();
          break;
        case 0x2a:
          this.#symbols.readFunction();
          break;
        case STRING_TAG:
          this.#readStrings();
          break;
        default:
          if (!header.readScalar(tag, reader)) skipTopLevel(tag, reader);
      }
    }
  }

  /** Reads the string at the reader and those that follow it without another field between. */
  #readStrings(): void {
    const reader = this.#reader;
    const { bytes, end } = reader;
    const strings = this.#columns.strings;
    let at = reader.pos;
    do {
      let limit = at + 1 + (bytes[at] as number);
      if ((bytes[at] as number) < 0x80 && limit <= end) at++;
      else {
        reader.pos = at;
        limit = reader.limit();
        at = reader.pos;
      }
      const index = strings.count++;
      if (index === 0 && limit !== at) throw malformedAt(at, 'the first string must be empty');
      if (strings.start.length <= index) this.#growStrings(index + 1);
      strings.start[index] = at;
      strings.end[index] = limit;
      at = limit + 1;
    } while (at < end && bytes[at - 1] === STRING_TAG);
    reader.pos = at - 1;
  }

  #growStrings(count: number): void {
    const strings = this.#columns.strings;
    checkRows('strings', count);
    strings.start = grown(strings.start, count);
    strings.end = grown(strings.end, count);
  }
}

function skipTopLevel(tag: number, reader: WireReader): void {
  const isComment = tag === 0x68 || tag === 0x6a;
  if (isComment) reader.skip(tag);
  else reader.skipUnknown(tag, 15);
}

/** Scalar fields that refer to a string, by their tags. */
const TEXTS = new Map([
  [0x38, 'dropFrames'],
  [0x40, 'keepFrames'],
  [0x70, 'defaultSampleType'],
  [0x78, 'docUrl'],
] as const) as ReadonlyMap<number, 'dropFrames' | 'keepFrames' | 'defaultSampleType' | 'docUrl'>;

/** The fields of a profile that are not tables. */
class Header {
  /** String indexes: type, unit, type, unit, … */
  readonly sampleTypes: number[] = [];
  #periodType: readonly [number, number] = [0, 0];
  #period = 0;
  #timeNanos = 0n;
  #durationNanos = 0n;
  readonly #texts = { dropFrames: 0, keepFrames: 0, defaultSampleType: 0, docUrl: 0 };

  addSampleType(reader: WireReader): void {
    if (this.sampleTypes.length === 2 * MAX_SAMPLE_TYPES) {
      throw new LimitExceededError('sample_types', MAX_SAMPLE_TYPES, 'more');
    }
    this.sampleTypes.push(...readValueType(reader));
  }

  /** Reads the field when it is one of the scalars; tells whether it was. */
  readScalar(tag: number, reader: WireReader): boolean {
    const text = TEXTS.get(tag);
    if (text !== undefined) {
      this.#texts[text] = reader.index();
      return true;
    }
    switch (tag) {
      case 0x48:
        if (this.#timeNanos !== 0n) {
          throw new MalformedProfileError('Not a valid profile: several profiles are concatenated.', {
            hint: 'Send the profiles one by one.',
          });
        }
        this.#timeNanos = readInt64(reader);
        return true;
      case 0x50:
        this.#durationNanos = readInt64(reader);
        return true;
      case 0x5a:
        this.#periodType = readValueType(reader);
        return true;
      case 0x60:
        this.#period = reader.safeInteger();
        return true;
      default:
        return false;
    }
  }

  writeTo(columns: ProfileColumns): void {
    const text = (index: number): string => {
      if (index >= columns.strings.count) throw unknownString('header field');
      return columns.strings.get(index);
    };
    const sampleTypes: SampleType[] = [];
    for (let i = 0; i < this.sampleTypes.length; i += 2) {
      sampleTypes.push({ type: text(this.sampleTypes[i] ?? 0), unit: text(this.sampleTypes[i + 1] ?? 0) });
    }
    columns.sampleTypes = sampleTypes;
    columns.periodType = { type: text(this.#periodType[0]), unit: text(this.#periodType[1]) };
    columns.period = this.#period;
    columns.timeNanos = this.#timeNanos;
    columns.durationNanos = this.#durationNanos;
    const timeMs = Number(this.#timeNanos / 1_000_000n);
    columns.timeMs = timeMs >= YEAR_2000_MS ? timeMs : 0;
    const durationMs = Number(this.#durationNanos) / 1e6;
    columns.durationMs = durationMs > 0 ? Math.max(1, Math.round(durationMs)) : 0;
    columns.defaultSampleType = text(this.#texts.defaultSampleType);
    columns.dropFrames = text(this.#texts.dropFrames);
    columns.keepFrames = text(this.#texts.keepFrames);
  }
}

function readValueType(reader: WireReader): readonly [number, number] {
  const limit = reader.limit();
  let type = 0;
  let unit = 0;
  while (reader.pos < limit) {
    const tag = reader.tag();
    if (tag === 0x08) type = reader.index();
    else if (tag === 0x10) unit = reader.index();
    else reader.skipUnknown(tag, 2);
  }
  if (reader.pos !== limit) throw malformedAt(limit, 'a value type goes past its end');
  return [type, unit];
}

function readInt64(reader: WireReader): bigint {
  reader.varint();
  return (BigInt(reader.hi) << 32n) | BigInt(reader.lo >>> 0);
}
