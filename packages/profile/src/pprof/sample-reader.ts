import { MalformedProfileError } from '../errors.ts';
import { grownFloat64, grownUint32 } from './growth.ts';
import type { IdIndex } from './id-index.ts';
import type { PprofColumns } from './pprof-columns.ts';
import { safeNumber } from './safe-values.ts';
import { malformedAt, unknownString, type WireReader } from './wire-reader.ts';

/** Reads the sample messages of a profile into its columns. */
export class SampleReader {
  readonly #reader: WireReader;
  readonly #columns: PprofColumns;
  #refCount = 0;
  /** The highest of the low halves of location ids, less one. */
  #highestRef = 0;
  /** High halves of location ids; only there once an id of 2^32 or more was seen. */
  #refsHi: Uint32Array<ArrayBuffer> | undefined;
  #valueCount = 0;
  #labelCount = 0;
  #valuesPerSample = -1;

  constructor(reader: WireReader, columns: PprofColumns) {
    this.#reader = reader;
    this.#columns = columns;
  }

  clear(): void {
    this.#columns.sampleCount = 0;
    this.#refCount = 0;
    this.#highestRef = 0;
    this.#refsHi = undefined;
    this.#valueCount = 0;
    this.#labelCount = 0;
    this.#valuesPerSample = -1;
  }

  readSample(): void {
    const reader = this.#reader;
    const columns = this.#columns;
    const limit = reader.limit();
    const sample = columns.sampleCount++;
    const firstValue = this.#valueCount;
    this.#begin(sample, limit - reader.pos);
    while (reader.pos < limit) {
      const tag = reader.tag();
      if (tag === 0x0a) this.#readPackedIds(reader.limit(), limit);
      else if (tag === 0x12) this.#readPackedValues(reader.limit(), limit);
      else if (tag === 0x1a) this.#readLabel(reader.limit(), limit);
      else if (tag === 0x08) this.#readId();
      else if (tag === 0x10) columns.values[this.#valueCount++] = reader.safeInteger();
      else reader.skipUnknown(tag, 3);
    }
    if (reader.pos !== limit) throw malformedAt(limit, 'a sample goes past its end');
    const values = this.#valueCount - firstValue;
    if (this.#valuesPerSample === -1) this.#valuesPerSample = values;
    else if (this.#valuesPerSample !== values) throw valueCountMismatch(values, this.#valuesPerSample);
  }

  /** A sample of `size` bytes has no more than `size` ids and values, and half as many labels. */
  #begin(sample: number, size: number): void {
    const columns = this.#columns;
    if (columns.sampleStart.length < sample + 2) {
      columns.sampleStart = grownUint32(columns.sampleStart, sample + 2);
      columns.labelStart = grownUint32(columns.labelStart, sample + 2);
    }
    columns.sampleStart[sample] = this.#refCount;
    columns.labelStart[sample] = this.#labelCount;
    if (columns.sampleLocations.length < this.#refCount + size) {
      columns.sampleLocations = grownUint32(columns.sampleLocations, this.#refCount + size);
    }
    if (columns.values.length < this.#valueCount + size) {
      columns.values = grownFloat64(columns.values, this.#valueCount + size);
    }
  }

  #readPackedIds(end: number, limit: number): void {
    if (end > limit) throw malformedAt(end, 'location ids go past their sample');
    const reader = this.#reader;
    const bytes = reader.bytes;
    const refs = this.#columns.sampleLocations;
    const fastEnd = end - 1;
    let count = this.#refCount;
    let highest = this.#highestRef;
    let at = reader.pos;
    while (at < fastEnd) {
      // Ids of one and two bytes are mixed at random: without a branch between them nothing is mispredicted.
      const low = bytes[at] as number;
      const high = bytes[at + 1] as number;
      const isLong = low >>> 7;
      if ((isLong & (high >>> 7)) === 0) {
        const ref = ((low & 0x7f) | ((high & -isLong) << 7)) - 1;
        if (ref >>> 0 > highest) highest = ref >>> 0;
        refs[count++] = ref;
        at += 1 + isLong;
        continue;
      }
      reader.pos = at;
      this.#refCount = count;
      this.#readId();
      count = this.#refCount;
      at = reader.pos;
    }
    reader.pos = at;
    this.#refCount = count;
    this.#highestRef = Math.max(highest, this.#highestRef);
    while (reader.pos < end) this.#readId();
    if (reader.pos !== end) throw malformedAt(end, 'location ids go past their end');
  }

  /** Ids are kept less one, so that those of 1..n in order are indexes already. */
  #readId(): void {
    const reader = this.#reader;
    const refs = this.#columns.sampleLocations;
    reader.varint();
    if (reader.hi !== 0) {
      const hi = grownUint32(this.#refsHi ?? new Uint32Array(refs.length), refs.length);
      hi[this.#refCount] = reader.hi;
      this.#refsHi = hi;
    }
    const ref = (reader.lo - 1) >>> 0;
    if (ref > this.#highestRef) this.#highestRef = ref;
    refs[this.#refCount++] = ref;
  }

  #readPackedValues(end: number, limit: number): void {
    if (end > limit) throw malformedAt(end, 'values go past their sample');
    const reader = this.#reader;
    const bytes = reader.bytes;
    const values = this.#columns.values;
    let count = this.#valueCount;
    while (reader.pos < end) {
      const byte = bytes[reader.pos] as number;
      if (byte < 0x80) {
        values[count++] = byte;
        reader.pos++;
        continue;
      }
      reader.varint();
      const { lo, hi } = reader;
      values[count++] = hi === 0 ? lo >>> 0 : safeNumber(lo, hi);
    }
    if (reader.pos !== end) throw malformedAt(end, 'values go past their end');
    this.#valueCount = count;
  }

  #readLabel(end: number, limit: number): void {
    if (end > limit) throw malformedAt(end, 'a label goes past its sample');
    const reader = this.#reader;
    const columns = this.#columns;
    let key = 0;
    let text = 0;
    let number = 0;
    let unit = 0;
    while (reader.pos < end) {
      const tag = reader.tag();
      if (tag === 0x08) key = reader.index();
      else if (tag === 0x10) text = reader.index();
      else if (tag === 0x18) {
        reader.varint();
        number = reader.hi * 0x1_0000_0000 + (reader.lo >>> 0);
      } else if (tag === 0x20) unit = reader.index();
      else reader.skipUnknown(tag, 4);
    }
    if (reader.pos !== end) throw malformedAt(end, 'a label goes past its end');
    const label = this.#labelCount++;
    if (columns.labelKey.length <= label) this.#growLabels(label + 1);
    columns.labelKey[label] = key;
    columns.labelString[label] = text;
    columns.labelNumber[label] = number;
    columns.labelUnit[label] = unit;
  }

  #growLabels(count: number): void {
    const columns = this.#columns;
    columns.labelKey = grownUint32(columns.labelKey, count);
    columns.labelString = grownUint32(columns.labelString, count);
    columns.labelNumber = grownFloat64(columns.labelNumber, count);
    columns.labelUnit = grownUint32(columns.labelUnit, count);
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
    for (let label = 0; label < this.#labelCount; label++) {
      const highest = Math.max(
        columns.labelKey[label] as number,
        columns.labelString[label] as number,
        columns.labelUnit[label] as number,
      );
      if (highest >= strings) throw unknownString('label');
    }
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
