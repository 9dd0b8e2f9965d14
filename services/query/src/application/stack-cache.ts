import { SymbolTable } from '@everflame/flamegraph';
import { IdTable } from './id-table.ts';
import type { FrameRows, StackRows } from './stack-dictionary.ts';

/** Rough memory of a frame beyond its typed arrays: its share of names, files and map entries. */
const BYTES_PER_FRAME = 160;

/** What stands for a frame that storage does not know. */
const UNKNOWN_FRAME = '(unknown frame)';

/** Stacks and frames that were looked up, by id, as small integers. Frame and stack indexes are dense from 0. */
export class StackCache {
  readonly symbols = new SymbolTable();
  private readonly frameIds = new IdTable();
  private readonly frameSymbols: number[] = [];
  private readonly frameFiles: string[] = [];
  private readonly frameLines: number[] = [];
  private readonly frameStartLines: number[] = [];
  private readonly frameSystemNames: string[] = [];
  private readonly stackIds = new IdTable();
  private stackOffsets = new Uint32Array(1024);
  private stackFrames = new Uint32Array(8192);
  private frameTotal = 0;

  get bytes(): number {
    const typed =
      this.frameIds.bytes + this.stackIds.bytes + this.stackOffsets.byteLength + this.stackFrames.byteLength;
    return typed + this.frameIds.size * BYTES_PER_FRAME;
  }

  findStack(lo: number, hi: number): number {
    return this.stackIds.find(lo, hi);
  }

  hasFrame(lo: number, hi: number): boolean {
    return this.frameIds.find(lo, hi) !== -1;
  }

  addFrames(rows: FrameRows): void {
    for (let i = 0; i < rows.idLo.length; i++) {
      this.addFrame(rows.idLo[i] ?? 0, rows.idHi[i] ?? 0, {
        name: rows.name[i] ?? '',
        file: rows.file[i] ?? '',
        line: rows.line[i] ?? 0,
        startLine: rows.startLine[i] ?? 0,
        systemName: rows.systemName[i] ?? '',
      });
    }
  }

  /** Adds stacks whose frames were added before; a frame that is still unknown gets a name that says so. */
  addStacks(rows: StackRows): void {
    for (let i = 0; i < rows.idLo.length; i++) {
      const start = rows.offsets[i] ?? 0;
      const end = rows.offsets[i + 1] ?? start;
      const known = this.stackIds.size;
      const stack = this.stackIds.add(rows.idLo[i] ?? 0, rows.idHi[i] ?? 0);
      if (stack < known) continue;
      this.reserve(end - start);
      for (let j = start; j < end; j++) {
        this.stackFrames[this.frameTotal++] = this.frameIndex(rows.frameIdLo[j] ?? 0, rows.frameIdHi[j] ?? 0);
      }
      this.stackOffsets[stack + 1] = this.frameTotal;
    }
  }

  /** Frame indexes of a stack, leaf first; a view that is valid until stacks are added. */
  framesOf(stack: number): Uint32Array {
    return this.stackFrames.subarray(this.stackOffsets[stack] ?? 0, this.stackOffsets[stack + 1] ?? 0);
  }

  symbolOf(frame: number): number {
    return this.frameSymbols[frame] ?? 0;
  }

  fileOf(frame: number): string {
    return this.frameFiles[frame] ?? '';
  }

  lineOf(frame: number): number {
    return this.frameLines[frame] ?? 0;
  }

  startLineOf(frame: number): number {
    return this.frameStartLines[frame] ?? 0;
  }

  systemNameOf(frame: number): string {
    return this.frameSystemNames[frame] ?? '';
  }

  private frameIndex(lo: number, hi: number): number {
    const known = this.frameIds.find(lo, hi);
    if (known !== -1) return known;
    return this.addFrame(lo, hi, { name: UNKNOWN_FRAME, file: '', line: 0, startLine: 0, systemName: '' });
  }

  private addFrame(
    lo: number,
    hi: number,
    frame: { name: string; file: string; line: number; startLine: number; systemName: string },
  ): number {
    const known = this.frameIds.size;
    const index = this.frameIds.add(lo, hi);
    if (index < known) return index;
    this.frameSymbols[index] = this.symbols.intern(frame.name, frame.file);
    this.frameFiles[index] = frame.file;
    this.frameLines[index] = frame.line;
    this.frameStartLines[index] = frame.startLine;
    this.frameSystemNames[index] = frame.systemName;
    return index;
  }

  private reserve(frameCount: number): void {
    if (this.stackIds.size + 1 >= this.stackOffsets.length) {
      const offsets = new Uint32Array(this.stackOffsets.length * 2);
      offsets.set(this.stackOffsets);
      this.stackOffsets = offsets;
    }
    if (this.frameTotal + frameCount > this.stackFrames.length) {
      const frames = new Uint32Array(Math.max(this.stackFrames.length * 2, this.frameTotal + frameCount));
      frames.set(this.stackFrames);
      this.stackFrames = frames;
    }
  }
}
