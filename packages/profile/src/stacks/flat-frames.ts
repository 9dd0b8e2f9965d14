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
  const frames = emptyFrames(columns.strings.bytes, rows.length);
  const { source, names, files, systemNames } = frames.bytes;
  const isAddress = new Uint8Array(rows.length);
  for (let frame = 0; frame < rows.length; frame++) {
    const row = rows[frame] as number;
    frames.idLo[frame] = table.hashLo[row] as number;
    frames.idHi[frame] = table.hashHi[row] as number;
    const fn = (table.fn[row] as number) - 1;
    if (fn >= 0) {
      frames.line[frame] = table.line[row] as number;
      setFunction(frames, frame, columns, fn);
    } else if (row !== table.cutRow) {
      isAddress[frame] = 1;
      setAddress(frames, frame, columns, table.location[row] as number);
    }
  }
  const cutFrame = rows.indexOf(table.cutRow);
  const text = (ranges: Uint32Array, frame: number): string => {
    const start = ranges[2 * frame] ?? 0;
    const end = boundedEnd(source, start, ranges[2 * frame + 1] ?? 0, maxStringBytes);
    return decodeUtf8(source, start, end);
  };
  return {
    ...frames,
    name: (frame) => {
      if (frame === cutFrame) return CUT_FRAME_NAME;
      return isAddress[frame] === 1 ? addressText(frames, frame) : text(names, frame);
    },
    file: (frame) => text(files, frame),
    systemName: (frame) => (isAddress[frame] === 1 ? '' : text(systemNames, frame)),
    buildId: (frame) => (isAddress[frame] === 1 ? text(systemNames, frame) : ''),
  };
}

type FrameColumns = Omit<FlatFrames, 'name' | 'file' | 'systemName' | 'buildId'>;

/** Addresses have no name range, but a build id in that of the system name. */
function emptyFrames(source: Uint8Array, count: number): FrameColumns {
  const words = (perFrame = 1): Uint32Array => new Uint32Array(perFrame * count);
  const bytes: FlatFrameBytes = { source, names: words(2), files: words(2), systemNames: words(2) };
  return {
    count,
    idLo: words(),
    idHi: words(),
    line: words(),
    startLine: words(),
    addressLo: words(),
    addressHi: words(),
    bytes,
  };
}

function setFunction(
  { startLine, bytes }: FrameColumns,
  frame: number,
  columns: ProfileColumns,
  fn: number,
): void {
  startLine[frame] = columns.functionStartLine[fn] as number;
  copyRange(columns, nameOf(columns, fn), bytes.names, frame);
  copyRange(columns, columns.functionFile[fn] as number, bytes.files, frame);
  copyRange(columns, columns.functionSystemName[fn] as number, bytes.systemNames, frame);
}

function setAddress(
  { addressLo, addressHi, bytes }: FrameColumns,
  frame: number,
  columns: ProfileColumns,
  location: number,
): void {
  addressLo[frame] = columns.locationAddressLo[location] as number;
  addressHi[frame] = columns.locationAddressHi[location] as number;
  const mapping = columns.mappings[(columns.locationMapping[location] as number) - 1];
  if (mapping === undefined) return;
  copyRange(columns, mapping.file, bytes.files, frame);
  copyRange(columns, mapping.buildId, bytes.systemNames, frame);
}

function copyRange({ strings }: ProfileColumns, index: number, ranges: Uint32Array, frame: number): void {
  ranges[2 * frame] = strings.start[index] as number;
  ranges[2 * frame + 1] = strings.end[index] as number;
}

function addressText({ addressLo, addressHi }: FrameColumns, frame: number): string {
  const lo = addressLo[frame] as number;
  const hi = addressHi[frame] as number;
  return hi === 0 ? `0x${lo.toString(16)}` : `0x${hi.toString(16)}${lo.toString(16).padStart(8, '0')}`;
}
