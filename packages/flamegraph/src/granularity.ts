import type { FrameNames, Stacks, StackSet } from './stack-set.ts';
import { SymbolTable } from './symbol-table.ts';
import { packageOf } from './text/package-name.ts';

/** What the nodes of a tree are: functions, their lines, source files or packages. */
export type Granularity = 'function' | 'line' | 'file' | 'package';

/** Frames as they were measured. */
export interface LinedFrames extends FrameNames {
  /** 0 where unknown. */
  line(id: number): number;
}

/** What pprof calls a frame that has no name for what is asked. */
const UNKNOWN = '<unknown>';

/**
 * The stacks by function, line (`name file:line`, as pprof writes it), file or package. Neighbours of one file or
 * package become one frame, so that a tree shows the calls between them; sums per file stay those of pprof.
 */
export function regroup(stacks: Stacks<LinedFrames>, granularity: Granularity): StackSet {
  const symbols = new SymbolTable();
  const isCollapsing = granularity === 'file' || granularity === 'package';
  const { symbols: names, left } = stacks;
  const symbolOf = new Int32Array(names.size).fill(-1);
  const offsets = new Uint32Array(left.length + 1);
  const frames = new Uint32Array(stacks.frames.length);
  let count = 0;
  for (let stack = 0; stack < left.length; stack++) {
    const end = stacks.offsets[stack + 1] as number;
    const begin = count;
    for (let index = stacks.offsets[stack] as number; index < end; index++) {
      const frame = stacks.frames[index] as number;
      let symbol = symbolOf[frame] as number;
      if (symbol < 0) symbol = symbolOf[frame] = internFrame(symbols, names, frame, granularity);
      if (isCollapsing && count > begin && frames[count - 1] === symbol) continue;
      frames[count++] = symbol;
    }
    offsets[stack + 1] = count;
  }
  return { ...stacks, symbols, offsets, frames: frames.slice(0, count) };
}

function internFrame(
  symbols: SymbolTable,
  names: LinedFrames,
  frame: number,
  granularity: Granularity,
): number {
  const name = names.name(frame);
  const file = names.file(frame);
  if (granularity === 'function') return symbols.intern(name, file);
  if (granularity === 'line') return symbols.intern(lineName(name, file, names.line(frame)), file);
  if (granularity === 'file') return symbols.intern(file || UNKNOWN, file);
  return symbols.intern(packageOf(name, file) || UNKNOWN);
}

function lineName(name: string, file: string, line: number): string {
  const place = line === 0 ? file : `${file}:${line}`;
  return [name, place].filter(Boolean).join(' ') || UNKNOWN;
}
