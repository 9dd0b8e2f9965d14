import type { ProfileColumns } from '../profile-columns.ts';
import { WireWriter } from './wire-writer.ts';

export interface SampleTypeSelection {
  /** Indexes of the sample types to keep, in the order they are to have. */
  readonly keep: readonly number[];
  /** Values in place of the profile's own, as in `DeltaResult`. */
  readonly values?: Float64Array;
  /** The time the values cover; the profile's own when left out. */
  readonly durationNanos?: bigint;
}

/**
 * Encodes a decoded profile again with some of its sample types, as uncompressed pprof bytes. Samples that are zero in
 * all of them, numeric labels, and what no sample refers to are left out; locations, inlining, functions, mappings,
 * string labels, period and times stay.
 */
export function selectSampleTypes(
  columns: ProfileColumns,
  selection: SampleTypeSelection,
): Uint8Array<ArrayBuffer> {
  return new ColumnsWriter(columns, selection).write();
}

class ColumnsWriter {
  readonly #columns: ProfileColumns;
  readonly #selection: SampleTypeSelection;
  readonly #values: Float64Array;
  readonly #writer = new WireWriter(65_536);
  /** New index of each string, 0 until it is used. */
  readonly #newString: Uint32Array;
  /** The new table after the empty string: indexes of the old one, and texts of the header. */
  readonly #newTable: (number | string)[] = [];
  readonly #usesLocation: Uint8Array;
  readonly #usesFunction: Uint8Array;

  constructor(columns: ProfileColumns, selection: SampleTypeSelection) {
    this.#columns = columns;
    this.#selection = selection;
    this.#values = selection.values ?? columns.values;
    this.#newString = new Uint32Array(columns.strings.count);
    this.#usesLocation = new Uint8Array(columns.locationCount);
    this.#usesFunction = new Uint8Array(columns.functionCount);
  }

  write(): Uint8Array<ArrayBuffer> {
    const { strings, sampleCount } = this.#columns;
    this.#writeHeader();
    for (let sample = 0; sample < sampleCount; sample++) this.#writeSample(sample);
    this.#writeMappings();
    this.#usesLocation.forEach((isUsed, location) => {
      if (isUsed === 1) this.#writeLocation(location);
    });
    this.#usesFunction.forEach((isUsed, fn) => {
      if (isUsed === 1) this.#writeFunction(fn);
    });
    this.#writer.bytesField(6, strings.bytes, 0, 0);
    for (const entry of this.#newTable) {
      if (typeof entry === 'string') this.#writer.textField(6, entry);
      else this.#writer.bytesField(6, strings.bytes, strings.start[entry], strings.end[entry]);
    }
    return this.#writer.finish();
  }

  #writeHeader(): void {
    const columns = this.#columns;
    const writer = this.#writer;
    for (const type of this.#selection.keep) {
      const sampleType = columns.sampleTypes[type];
      if (sampleType === undefined) continue;
      writer.numbers(1, this.#text(sampleType.type), this.#text(sampleType.unit));
    }
    writer.int64(7, this.#text(columns.dropFrames));
    writer.int64(8, this.#text(columns.keepFrames));
    writer.int64(9, columns.timeNanos);
    writer.int64(10, this.#selection.durationNanos ?? columns.durationNanos);
    const { type, unit } = columns.periodType;
    writer.numbers(11, this.#text(type), this.#text(unit));
    writer.int64(12, columns.period);
    const isKept = this.#selection.keep.some(
      (type) => columns.sampleTypes[type]?.type === columns.defaultSampleType,
    );
    if (isKept) writer.int64(14, this.#text(columns.defaultSampleType));
  }

  #writeSample(sample: number): void {
    const columns = this.#columns;
    const writer = this.#writer;
    const { keep } = this.#selection;
    const first = sample * columns.sampleTypes.length;
    if (keep.every((type) => (this.#values[first + type] ?? 0) === 0)) return;
    const message = writer.openField(2);
    const ids = writer.openField(1);
    const end = columns.sampleStart[sample + 1] as number;
    for (let at = columns.sampleStart[sample] as number; at < end; at++) {
      const location = columns.sampleLocations[at] as number;
      this.#usesLocation[location] = 1;
      writer.varint(location + 1);
    }
    writer.close(ids);
    const values = writer.openField(2);
    for (const type of keep) writer.signedVarint(this.#values[first + type] ?? 0);
    writer.close(values);
    const lastLabel = columns.labelStart[sample + 1] as number;
    for (let label = columns.labelStart[sample] as number; label < lastLabel; label++) {
      if (columns.labelString[label] === 0) continue;
      const key = this.#string(columns.labelKey[label] as number);
      writer.numbers(3, key, this.#string(columns.labelString[label] as number));
    }
    writer.close(message);
  }

  #writeMappings(): void {
    const writer = this.#writer;
    this.#columns.mappings.forEach((mapping, i) => {
      const message = writer.openField(3);
      writer.int64(1, i + 1);
      writer.uint64(2, mapping.startLo, mapping.startHi);
      writer.uint64(3, mapping.limitLo, mapping.limitHi);
      writer.uint64(4, mapping.offsetLo, mapping.offsetHi);
      writer.int64(5, this.#string(mapping.file));
      writer.int64(6, this.#string(mapping.buildId));
      writer.int64(7, Number(mapping.hasFunctions));
      writer.int64(8, Number(mapping.hasFilenames));
      writer.int64(9, Number(mapping.hasLineNumbers));
      writer.int64(10, Number(mapping.hasInlineFrames));
      writer.close(message);
    });
  }

  #writeLocation(location: number): void {
    const columns = this.#columns;
    const writer = this.#writer;
    const message = writer.openField(4);
    writer.int64(1, location + 1);
    writer.int64(2, columns.locationMapping[location] as number);
    writer.uint64(
      3,
      columns.locationAddressLo[location] as number,
      columns.locationAddressHi[location] as number,
    );
    const end = columns.lineStart[location + 1] as number;
    for (let line = columns.lineStart[location] as number; line < end; line++) {
      const fn = columns.lineFunction[line] as number;
      if (fn !== 0) this.#usesFunction[fn - 1] = 1;
      writer.numbers(4, fn, columns.lineNumber[line] as number);
    }
    writer.int64(5, columns.locationFolded[location] as number);
    writer.close(message);
  }

  #writeFunction(fn: number): void {
    const columns = this.#columns;
    const texts = [columns.functionName, columns.functionSystemName, columns.functionFile];
    const strings = texts.map((indexes) => this.#string(indexes[fn] as number));
    this.#writer.numbers(5, fn + 1, ...strings, columns.functionStartLine[fn] as number);
  }

  #text(text: string): number {
    return text === '' ? 0 : this.#newTable.push(text);
  }

  /** The index that a string of the profile has in the new table. */
  #string(index: number): number {
    if (index === 0) return 0;
    const known = this.#newString[index] as number;
    if (known !== 0) return known;
    return (this.#newString[index] = this.#newTable.push(index));
  }
}
