import { boundedEnd, decodeUtf8 } from '@everflame/bytes';
import type { ProfileColumns } from '../formats/profile-columns.ts';
import { CUT_FRAME_NAME, type FlatFrameBytes, type FlatFrames } from './flat-profile.ts';
import { nameOf, type FrameTable } from './frame-table.ts';

/** The frames at `rows` of the frame table, with arrays of their own and names read lazily from the profile's bytes. */
export function framesOf(
  columns: ProfileColumns,
  table: FrameTable,
  rows: Uint32Array,
  maxStringBytes: number,
): FlatFrames {
  const frames = new LazyFrames(columns, rows.length, maxStringBytes);
  for (let frame = 0; frame < rows.length; frame++) {
    const row = rows[frame] as number;
    frames.idLo[frame] = table.hashLo[row] as number;
    frames.idHi[frame] = table.hashHi[row] as number;
    const fn = (table.fn[row] as number) - 1;
    if (row === table.cutRow) frames.cutFrame = frame;
    else if (fn < 0) frames.setAddress(frame, columns, table.location[row] as number);
    else frames.setFunction(frame, columns, fn, table.line[row] as number);
  }
  return frames;
}

class LazyFrames implements FlatFrames {
  readonly count: number;
  readonly idLo: Uint32Array;
  readonly idHi: Uint32Array;
  readonly line: Uint32Array;
  readonly startLine: Uint32Array;
  readonly addressLo: Uint32Array;
  readonly addressHi: Uint32Array;
  cutFrame = -1;
  /** Addresses have no name range, but a build id in that of the system name. */
  readonly bytes: FlatFrameBytes;
  readonly #maxBytes: number;
  readonly #isAddress: Uint8Array;

  constructor(columns: ProfileColumns, count: number, maxBytes: number) {
    this.count = count;
    this.#maxBytes = maxBytes;
    this.bytes = {
      source: columns.strings.bytes,
      names: new Uint32Array(2 * count),
      files: new Uint32Array(2 * count),
      systemNames: new Uint32Array(2 * count),
    };
    this.idLo = new Uint32Array(count);
    this.idHi = new Uint32Array(count);
    this.line = new Uint32Array(count);
    this.startLine = new Uint32Array(count);
    this.addressLo = new Uint32Array(count);
    this.addressHi = new Uint32Array(count);
    this.#isAddress = new Uint8Array(count);
  }

  setFunction(frame: number, columns: ProfileColumns, fn: number, line: number): void {
    this.line[frame] = line;
    this.startLine[frame] = columns.functionStartLine[fn] as number;
    copyRange(columns, nameOf(columns, fn), this.bytes.names, frame);
    copyRange(columns, columns.functionFile[fn] as number, this.bytes.files, frame);
    copyRange(columns, columns.functionSystemName[fn] as number, this.bytes.systemNames, frame);
  }

  setAddress(frame: number, columns: ProfileColumns, location: number): void {
    this.#isAddress[frame] = 1;
    this.addressLo[frame] = columns.locationAddressLo[location] as number;
    this.addressHi[frame] = columns.locationAddressHi[location] as number;
    const mapping = columns.mappings[(columns.locationMapping[location] as number) - 1];
    if (mapping === undefined) return;
    copyRange(columns, mapping.file, this.bytes.files, frame);
    copyRange(columns, mapping.buildId, this.bytes.systemNames, frame);
  }

  name(frame: number): string {
    if (frame === this.cutFrame) return CUT_FRAME_NAME;
    return this.#isAddress[frame] === 1 ? this.#address(frame) : this.#text(this.bytes.names, frame);
  }

  file(frame: number): string {
    return this.#text(this.bytes.files, frame);
  }

  systemName(frame: number): string {
    return this.#isAddress[frame] === 1 ? '' : this.#text(this.bytes.systemNames, frame);
  }

  buildId(frame: number): string {
    return this.#isAddress[frame] === 1 ? this.#text(this.bytes.systemNames, frame) : '';
  }

  #address(frame: number): string {
    const lo = this.addressLo[frame] as number;
    const hi = this.addressHi[frame] as number;
    return hi === 0 ? `0x${lo.toString(16)}` : `0x${hi.toString(16)}${lo.toString(16).padStart(8, '0')}`;
  }

  #text(ranges: Uint32Array, frame: number): string {
    const start = ranges[2 * frame] ?? 0;
    const end = ranges[2 * frame + 1] ?? 0;
    const { source } = this.bytes;
    return decodeUtf8(source, start, boundedEnd(source, start, end, this.#maxBytes));
  }
}

function copyRange(columns: ProfileColumns, index: number, ranges: Uint32Array, frame: number): void {
  ranges[2 * frame] = columns.strings.start[index] as number;
  ranges[2 * frame + 1] = columns.strings.end[index] as number;
}
