import type { SampleType } from '../../profile-type.ts';
import { WireWriter } from './wire-writer.ts';

/** What a profile says about itself. Times in nanoseconds; all numbers are integers within ±(2^53 − 1), bigints within 64 bits. */
interface PprofHeader {
  readonly sampleTypes: readonly SampleType[];
  readonly periodType?: SampleType;
  readonly period?: number;
  /** Nanoseconds since 1970. */
  readonly timeNanos?: bigint;
  readonly durationNanos?: bigint;
  readonly defaultSampleType?: string;
}

interface PprofFunction {
  readonly name: string;
  readonly systemName?: string;
  readonly file?: string;
  readonly startLine?: number;
}

/** Lines innermost inlined function first; without lines it is an unsymbolised address. */
interface PprofLocation {
  readonly lines: readonly { readonly functionId: number; readonly line?: number }[];
  /** Below 2^53. */
  readonly address?: number;
}

/** A string label when `str` is given, a numeric one otherwise. */
interface PprofLabel {
  readonly key: string;
  readonly str?: string;
  readonly num?: number;
  readonly unit?: string;
}

/**
 * Builds an uncompressed pprof file in one pass. All locations are in one mapping that claims to be symbolised, so that
 * `go tool pprof` asks nobody for symbols. Ids are handed out from 1 in the order of the calls.
 */
export class PprofBuilder {
  readonly #writer = new WireWriter(16_384);
  readonly #strings = new Map<string, number>([['', 0]]);
  #functions = 0;
  #locations = 0;

  constructor(header: PprofHeader) {
    const writer = this.#writer;
    const valueType = (field: number, { type, unit }: SampleType): void =>
      writer.numbers(field, this.#string(type), this.#string(unit));
    for (const sampleType of header.sampleTypes) valueType(1, sampleType);
    const mapping = writer.openField(3);
    writer.int64(1, 1);
    for (let flag = 7; flag <= 10; flag++) writer.int64(flag, 1);
    writer.close(mapping);
    writer.int64(9, header.timeNanos ?? 0n);
    writer.int64(10, header.durationNanos ?? 0n);
    if (header.periodType !== undefined) valueType(11, header.periodType);
    writer.int64(12, header.period ?? 0);
    writer.int64(14, this.#string(header.defaultSampleType ?? ''));
  }

  /** Adds a function and returns its id. */
  addFunction(fn: PprofFunction): number {
    const id = ++this.#functions;
    const names = [fn.name, fn.systemName ?? fn.name, fn.file ?? ''].map((text) => this.#string(text));
    this.#writer.numbers(5, id, ...names, fn.startLine ?? 0);
    return id;
  }

  /** Adds a location and returns its id. */
  addLocation(location: PprofLocation): number {
    const id = ++this.#locations;
    const writer = this.#writer;
    const message = writer.openField(4);
    writer.int64(1, id);
    writer.int64(2, 1);
    writer.int64(3, location.address ?? 0);
    for (const { functionId, line } of location.lines) writer.numbers(4, functionId, line ?? 0);
    writer.close(message);
    return id;
  }

  /** Adds a sample: locations leaf first, one value per sample type. */
  addSample(
    locationIds: ArrayLike<number>,
    values: ArrayLike<number | bigint>,
    labels: readonly PprofLabel[] = [],
  ): void {
    const writer = this.#writer;
    const message = writer.openField(2);
    this.#packed(1, locationIds);
    this.#packed(2, values);
    for (const { key, str = '', num = 0, unit = '' } of labels) {
      writer.numbers(3, this.#string(key), this.#string(str), num, this.#string(unit));
    }
    writer.close(message);
  }

  /** Bytes that were written and not drained. */
  get pendingBytes(): number {
    return this.#writer.length;
  }

  /** The next part of the file, for files that are sent while they are made; `finish` answers the last part then. */
  drain(): Uint8Array<ArrayBuffer> {
    return this.#writer.drain();
  }

  /** The file; call it once, after everything was added. */
  finish(): Uint8Array<ArrayBuffer> {
    for (const text of this.#strings.keys()) this.#writer.textField(6, text);
    return this.#writer.finish();
  }

  #packed(field: number, values: ArrayLike<number | bigint>): void {
    if (values.length === 0) return;
    const start = this.#writer.openField(field);
    for (let i = 0; i < values.length; i++) this.#writer.signedVarint(values[i] as number | bigint);
    this.#writer.close(start);
  }

  #string(text: string): number {
    const known = this.#strings.get(text);
    if (known !== undefined) return known;
    this.#strings.set(text, this.#strings.size);
    return this.#strings.size - 1;
  }
}
