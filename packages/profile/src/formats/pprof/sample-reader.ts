import { grown } from '@everflame/bytes';
import { LimitExceededError, MalformedProfileError } from '../../errors.ts';
import type { IdIndex } from './id-index.ts';
import type { ProfileColumns } from '../profile-columns.ts';
import { checkRows, countFields, MAX_SAMPLE_TYPES, tooManyRows } from '../table-limits.ts';
import { malformedAt, unknownString, type WireReader } from './wire-reader.ts';

/** Reads the sample messages of a profile into its columns. */
export class SampleReader {
  readonly #reader: WireReader;
  readonly #columns: ProfileColumns;
  #refCount = 0;
  /** The highest of the low halves of location ids, less one. */
  #highestRef = 0;
  /** High halves of location ids; only there once an id of 2^32 or more was seen. */
  #refsHi: Uint32Array<ArrayBuffer> | undefined;
  #valueCount = 0;
  #labelCount = 0;
  /** Of the strings that labels refer to. */
  #highestLabel = 0;
  #valuesPerSample = -1;

  constructor(reader: WireReader, columns: ProfileColumns) {
    this.#reader = reader;
    this.#columns = columns;
  }

  /** Forgets the samples of the profile before. */
  clear(): void {
    this.#columns.sampleCount = 0;
    this.#columns.stringLabelCount = 0;
    this.#refCount = 0;
    this.#highestRef = 0;
    this.#refsHi = undefined;
    this.#valueCount = 0;
    this.#labelCount = 0;
    this.#highestLabel = 0;
    this.#valuesPerSample = -1;
  }

  /** Throws when there are more than `maxSamples`. */
  // oxlint-disable-next-line complexity -- in parts, decoding takes about 2 % longer
  readSample(maxSamples: number): void {
    const reader = this.#reader;
    const columns = this.#columns;
    const { bytes } = reader;
    const limit = reader.limit();
    const sample = columns.sampleCount++;
    if (sample >= maxSamples) throw tooManyRows('samples', maxSamples, countFields(bytes, 0x12));
    const firstValue = this.#valueCount;
    let at = reader.pos;
    this.#begin(sample, limit - at);
    // The position is a local: kept in the reader it would go through memory for every byte.
    while (at < limit) {
      const tag = bytes[at] as number;
      const isNested = tag === 0x0a || tag === 0x12 || tag === 0x1a;
      if (!isNested) {
        at = this.#readOther(at);
        continue;
      }
      const length = bytes[at + 1] as number;
      at += 2;
      let end = at + length;
      if (!(length < 0x80)) {
        reader.pos = at - 1;
        end = reader.limit();
        at = reader.pos;
      }
      if (end > limit) throw malformedAt(end, 'a field goes past its sample');
      if (tag === 0x0a) this.#readPackedIds(at, end);
      else if (tag === 0x12) this.#readPackedValues(at, end);
      else this.#readLabel(at, end);
      at = end;
    }
    reader.finish(at, limit, 'sample');
    const values = this.#valueCount - firstValue;
    if (this.#valuesPerSample === -1) this.#setValuesPerSample(values);
    else if (this.#valuesPerSample !== values) throw valueCountMismatch(values, this.#valuesPerSample);
  }

  /** Values beyond the bound were not kept, so no sample may have them. */
  #setValuesPerSample(values: number): void {
    if (values > MAX_SAMPLE_TYPES) throw new LimitExceededError('sample_types', MAX_SAMPLE_TYPES, values);
    this.#valuesPerSample = values;
  }

  /** Reads an id or value that is not packed (Go packs three and more), or skips an unknown field; returns its end. */
  #readOther(at: number): number {
    const reader = this.#reader;
    const { bytes } = reader;
    const tag = bytes[at] as number;
    const first = bytes[at + 1] as number;
    if (tag === 0x10 && first < 0x80) {
      this.#columns.values[this.#valueCount++] = first;
      return at + 2;
    }
    reader.pos = at + 1;
    if (tag === 0x08) this.#readId();
    else if (tag === 0x10) this.#columns.values[this.#valueCount++] = reader.safeInteger();
    else return reader.skipUnknownAt(at, 3);
    return reader.pos;
  }

  /** A sample of `size` bytes has no more than `size` ids and values. */
  #begin(sample: number, size: number): void {
    const columns = this.#columns;
    if (columns.sampleStart.length < sample + 2) {
      columns.sampleStart = grown(columns.sampleStart, sample + 2);
      columns.labelStart = grown(columns.labelStart, sample + 2);
    }
    columns.sampleStart[sample] = this.#refCount;
    columns.labelStart[sample] = this.#labelCount;
    if (columns.sampleLocations.length < this.#refCount + size) {
      columns.sampleLocations = grown(columns.sampleLocations, this.#refCount + size);
    }
    const values = Math.min(size, MAX_SAMPLE_TYPES);
    if (columns.values.length < this.#valueCount + values) {
      columns.values = grown(columns.values, this.#valueCount + values);
    }
  }

  /** Ids of one and two bytes are read here, others by `#readId`. */
  #readPackedIds(start: number, end: number): void {
    const reader = this.#reader;
    const { bytes, view } = reader;
    const refs = this.#columns.sampleLocations;
    const lastWord = end - 4;
    let count = this.#refCount;
    let highest = this.#highestRef;
    let at = start;
    while (at < end) {
      if (at <= lastWord) {
        // Two ids from four bytes. Short and long ones are mixed at random: without a branch between them nothing is
        // mispredicted.
        const word = view.getInt32(at, true);
        if ((word & (word >>> 8) & 0x80_8080) === 0) {
          const isLong = (word >>> 7) & 1;
          const rest = word >>> (8 << isLong);
          const isNextLong = (rest >>> 7) & 1;
          const first = ((word & 0x7f) | ((word >>> 1) & 0x3f80 & -isLong)) - 1;
          const second = ((rest & 0x7f) | ((rest >>> 1) & 0x3f80 & -isNextLong)) - 1;
          refs[count] = first;
          refs[count + 1] = second;
          if (first >>> 0 > highest) highest = first >>> 0;
          if (second >>> 0 > highest) highest = second >>> 0;
          count += 2;
          at += 2 + isLong + isNextLong;
          continue;
        }
      } else if ((bytes[at] as number) < 0x80) {
        const ref = (bytes[at++] as number) - 1;
        refs[count++] = ref;
        if (ref >>> 0 > highest) highest = ref >>> 0;
        continue;
      }
      reader.pos = at;
      this.#refCount = count;
      this.#readId();
      count = this.#refCount;
      at = reader.pos;
    }
    this.#refCount = count;
    if (highest > this.#highestRef) this.#highestRef = highest;
    reader.finish(at, end, 'list of locations');
  }

  /** Ids are kept less one, so that those of 1..n in order are indexes already. */
  #readId(): void {
    const reader = this.#reader;
    const refs = this.#columns.sampleLocations;
    reader.varint();
    if (reader.hi !== 0) {
      const hi = grown(this.#refsHi ?? new Uint32Array(refs.length), refs.length);
      hi[this.#refCount] = reader.hi;
      this.#refsHi = hi;
    }
    const ref = (reader.lo - 1) >>> 0;
    if (ref > this.#highestRef) this.#highestRef = ref;
    refs[this.#refCount++] = ref;
  }

  #readPackedValues(start: number, end: number): void {
    const reader = this.#reader;
    const { bytes } = reader;
    const { values } = this.#columns;
    let count = this.#valueCount;
    let at = start;
    while (at < end) {
      const first = bytes[at] as number;
      const second = bytes[at + 1] as number;
      const third = bytes[at + 2] as number;
      if (first < 0x80) {
        values[count++] = first;
        at++;
      } else if (second < 0x80) {
        values[count++] = (first & 0x7f) | (second << 7);
        at += 2;
      } else if (third < 0x80) {
        values[count++] = (first & 0x7f) | ((second & 0x7f) << 7) | (third << 14);
        at += 3;
      } else {
        reader.pos = at;
        values[count++] = reader.safeInteger();
        at = reader.pos;
      }
    }
    reader.finish(at, end, 'list of values');
    this.#valueCount = count;
  }

  // oxlint-disable-next-line complexity -- in parts, decoding takes about 2 % longer
  #readLabel(start: number, end: number): void {
    const reader = this.#reader;
    const columns = this.#columns;
    const { bytes } = reader;
    const label = this.#labelCount++;
    if (columns.labelKey.length <= label) this.#growLabels(label + 1);
    let key = 0;
    let text = 0;
    let number = 0;
    let unit = 0;
    let at = start;
    while (at < end) {
      const tag = bytes[at++] as number;
      if (tag !== 0x08 && tag !== 0x10 && tag !== 0x18 && tag !== 0x20) {
        at = reader.skipUnknownAt(at - 1, 4);
        continue;
      }
      at = reader.varintAt(at);
      const { lo, hi } = reader;
      if (tag === 0x18) number = hi * 0x1_0000_0000 + (lo >>> 0);
      else if (hi !== 0 || lo < 0) throw malformedAt(at, 'an index is out of range');
      else {
        if (lo > this.#highestLabel) this.#highestLabel = lo;
        if (tag === 0x08) key = lo;
        else if (tag === 0x20) unit = lo;
        else text = lo;
      }
    }
    reader.finish(at, end, 'label');
    columns.labelKey[label] = key;
    columns.labelString[label] = text;
    columns.labelNumber[label] = number;
    columns.labelUnit[label] = unit;
    if (text !== 0) columns.stringLabelCount++;
  }

  #growLabels(count: number): void {
    checkRows('sample_labels', count);
    const columns = this.#columns;
    columns.labelKey = grown(columns.labelKey, count);
    columns.labelString = grown(columns.labelString, count);
    columns.labelNumber = grown(columns.labelNumber, count);
    columns.labelUnit = grown(columns.labelUnit, count);
  }

  /** Closes the ranges, checks counts and strings and turns location ids into location indexes. */
  finish(sampleTypeCount: number, locations: IdIndex): void {
    const columns = this.#columns;
    const strings = columns.strings.count;
    columns.sampleStart[columns.sampleCount] = this.#refCount;
    columns.labelStart[columns.sampleCount] = this.#labelCount;
    if (columns.sampleCount > 0 && this.#valuesPerSample !== sampleTypeCount) {
      throw valueCountMismatch(this.#valuesPerSample, sampleTypeCount);
    }
    if (columns.sampleCount > 0 && sampleTypeCount === 0) {
      throw new MalformedProfileError('Not a valid profile: it has samples but no sample types.');
    }
    if (this.#labelCount > 0 && this.#highestLabel >= strings) throw unknownString('label');
    locations.seal();
    if (this.#refCount > 0) {
      locations.resolveAll(columns.sampleLocations, this.#refsHi, this.#refCount, this.#highestRef);
    }
  }
}

function valueCountMismatch(values: number, expected: number): MalformedProfileError {
  return new MalformedProfileError(
    `Not a valid profile: a sample has ${values} values where there are ${expected} sample types.`,
  );
}
