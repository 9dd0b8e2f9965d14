import { LimitExceededError } from '../errors.ts';
import { grownInt32, grownUint32 } from '../pprof/growth.ts';
import type { PprofColumns } from '../pprof/pprof-columns.ts';
import type { FlatFrames, FlatStacks, FlattenLimits } from './flat-profile.ts';
import { framesOf } from './flat-frames.ts';
import type { FrameTable } from './frame-table.ts';
import { KeyTable } from './key-table.ts';
import type { SampleStacks } from './sample-stacks.ts';

/** Cells ordered by stack id, and the first sample of each. */
export interface StackInput {
  readonly columns: PprofColumns;
  readonly samples: SampleStacks;
  readonly cells: KeyTable;
  readonly cellSample: Uint32Array;
  readonly order: Uint32Array;
  readonly orderCount: number;
  readonly limits: FlattenLimits;
}

export interface StackOutput {
  readonly frames: FlatFrames;
  readonly stacks: FlatStacks;
  /** Index of the stack of each cell in the order. Pooled: valid until the next `write`. */
  readonly stackOfCell: Uint32Array;
  readonly cutStacks: number;
}

/** Writes the distinct stacks of a profile and numbers their distinct frames in the order they are met. */
export class StackWriter {
  readonly #frameKeys = new KeyTable();
  /** Row of the frame table of each distinct frame. */
  #rowOfFrame = new Uint32Array(1024);
  /** Distinct frame of each row of the frame table; -1 is not met yet. */
  #frameOfRow = new Int32Array(1024);
  #stackOfCell = new Uint32Array(1024);
  /** A cell of each stack. */
  #cellOfStack = new Uint32Array(1024);
  #sampleOfStack = new Uint32Array(1024);

  write(input: StackInput): StackOutput {
    const { frames: table } = input.samples;
    this.#frameKeys.reset(table.count);
    this.#rowOfFrame = grownUint32(this.#rowOfFrame, table.count);
    this.#frameOfRow = grownInt32(this.#frameOfRow, table.count);
    this.#frameOfRow.fill(-1, 0, table.count);
    this.#stackOfCell = grownUint32(this.#stackOfCell, input.orderCount);
    this.#cellOfStack = grownUint32(this.#cellOfStack, input.orderCount);
    this.#sampleOfStack = grownUint32(this.#sampleOfStack, input.orderCount);
    const count = this.#numberStacks(input);
    const { maxStacks } = input.limits;
    if (count > maxStacks) throw new LimitExceededError('stacks', maxStacks, count);
    const stacks = this.#writeStacks(input, count);
    const rows = this.#rowOfFrame.subarray(0, this.#frameKeys.count);
    return {
      frames: framesOf(input.columns, table, rows, input.limits.maxStringBytes),
      stacks,
      stackOfCell: this.#stackOfCell,
      cutStacks: this.#countCut(input, count),
    };
  }

  #numberStacks({ cells, order, orderCount }: StackInput): number {
    let count = 0;
    let lo = 0;
    let hi = 0;
    for (let i = 0; i < orderCount; i++) {
      const cell = order[i] as number;
      const cellLo = cells.lo[cell] as number;
      const cellHi = cells.hi[cell] as number;
      if (count === 0 || cellLo !== lo || cellHi !== hi) {
        this.#cellOfStack[count++] = cell;
        lo = cellLo;
        hi = cellHi;
      }
      this.#stackOfCell[i] = count - 1;
    }
    return count;
  }

  #writeStacks({ cells, cellSample, samples }: StackInput, count: number): FlatStacks {
    const { start } = samples;
    const offsets = new Uint32Array(count + 1);
    const idLo = new Uint32Array(count);
    const idHi = new Uint32Array(count);
    let length = 0;
    for (let stack = 0; stack < count; stack++) {
      const cell = this.#cellOfStack[stack] as number;
      idLo[stack] = cells.lo[cell] as number;
      idHi[stack] = cells.hi[cell] as number;
      const sample = cellSample[cell] as number;
      this.#sampleOfStack[stack] = sample;
      length += (start[sample + 1] as number) - (start[sample] as number);
      offsets[stack + 1] = length;
    }
    const frames = new Uint32Array(length);
    this.#writeFrames(samples, count, frames);
    return { count, idLo, idHi, offsets, frames };
  }

  #writeFrames({ frames: table, rows, start }: SampleStacks, count: number, frames: Uint32Array): void {
    const frameOfRow = this.#frameOfRow;
    const sampleOfStack = this.#sampleOfStack;
    let out = 0;
    for (let stack = 0; stack < count; stack++) {
      const sample = sampleOfStack[stack] as number;
      const end = (start[sample + 1] as number) | 0;
      for (let at = (start[sample] as number) | 0; at < end; at++) {
        const row = rows[at] as number;
        let frame = frameOfRow[row] as number;
        if (frame < 0) {
          this.#addFrame(table, row);
          frame = frameOfRow[row] as number;
        }
        frames[out++] = frame;
      }
    }
  }

  #addFrame({ hashLo, hashHi }: FrameTable, row: number): void {
    const known = this.#frameKeys.count;
    const frame = this.#frameKeys.add(hashLo[row] as number, hashHi[row] as number, 0);
    if (frame === known) this.#rowOfFrame[frame] = row;
    this.#frameOfRow[row] = frame;
  }

  #countCut({ samples }: StackInput, count: number): number {
    const { rows, start, frames } = samples;
    if (this.#frameOfRow[frames.cutRow] === -1) return 0;
    let cut = 0;
    for (let stack = 0; stack < count; stack++) {
      if (rows[start[this.#sampleOfStack[stack] as number] as number] === frames.cutRow) cut++;
    }
    return cut;
  }
}
