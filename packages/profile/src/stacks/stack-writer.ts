import { LimitExceededError } from '../errors.ts';
import { grownInt32, grownUint32 } from '../pprof/growth.ts';
import type { PprofColumns } from '../pprof/pprof-columns.ts';
import type { FlatFrames, FlatStacks } from './flat-profile.ts';
import { framesOf } from './flat-frames.ts';
import { KeyTable } from './key-table.ts';
import type { SampleHashes } from './sample-hashes.ts';

/** What `StackWriter.write` works on: cells ordered by stack id, and where each was first seen. */
export interface StackInput {
  readonly columns: PprofColumns;
  readonly hashes: SampleHashes;
  readonly cells: KeyTable;
  readonly cellSample: Uint32Array;
  readonly cellDepth: Uint32Array;
  readonly rows: Uint32Array;
  readonly rowCount: number;
  readonly maxDepth: number;
  readonly maxStringBytes: number;
  readonly maxStacks: number;
}

export interface StackOutput {
  readonly frames: FlatFrames;
  readonly stacks: FlatStacks;
  /** Index of the stack of each row. Pooled: valid until the next `write`. */
  readonly stackOfCell: Uint32Array;
  readonly cutStacks: number;
}

/** Writes the distinct stacks of a profile and numbers their distinct frames in the order they are met. */
export class StackWriter {
  readonly #frameKeys = new KeyTable();
  /** Row of the frame table of each distinct frame. */
  #frameRow = new Uint32Array(1024);
  /** Distinct frame of each row of the frame table; -1 is not met yet. */
  #frameOfRow = new Int32Array(1024);
  #stackOfCell = new Uint32Array(1024);
  #firstRow = new Uint32Array(1024);

  write(input: StackInput): StackOutput {
    const { columns, hashes, rowCount } = input;
    this.#frameKeys.reset(hashes.frames.count);
    this.#frameOfRow = grownInt32(this.#frameOfRow, hashes.frames.count);
    this.#frameOfRow.fill(-1, 0, hashes.frames.count);
    this.#stackOfCell = grownUint32(this.#stackOfCell, rowCount);
    this.#firstRow = grownUint32(this.#firstRow, rowCount);
    const count = this.#numberStacks(input);
    if (count > input.maxStacks) throw new LimitExceededError('stacks', input.maxStacks, count);
    const { stacks, cutStacks } = this.#writeStacks(input, count);
    const rows = this.#frameRow.slice(0, this.#frameKeys.count);
    const frames = framesOf(columns, hashes.frames, rows, input.maxStringBytes);
    return { frames, stacks, stackOfCell: this.#stackOfCell, cutStacks };
  }

  #numberStacks({ cells, rows, rowCount }: StackInput): number {
    let count = 0;
    let lo = 0;
    let hi = 0;
    for (let i = 0; i < rowCount; i++) {
      const cell = rows[i] as number;
      const cellLo = cells.lo[cell] as number;
      const cellHi = cells.hi[cell] as number;
      if (count === 0 || cellLo !== lo || cellHi !== hi) {
        this.#firstRow[count++] = i;
        lo = cellLo;
        hi = cellHi;
      }
      this.#stackOfCell[i] = count - 1;
    }
    return count;
  }

  #writeStacks(input: StackInput, count: number): { stacks: FlatStacks; cutStacks: number } {
    const { cells, rows, cellDepth, cellSample, maxDepth } = input;
    const offsets = new Uint32Array(count + 1);
    let length = 0;
    let cutStacks = 0;
    for (let stack = 0; stack < count; stack++) {
      const depth = cellDepth[rows[this.#firstRow[stack] as number] as number] as number;
      if (depth > maxDepth) cutStacks++;
      length += Math.min(depth, maxDepth);
      offsets[stack + 1] = length;
    }
    const idLo = new Uint32Array(count);
    const idHi = new Uint32Array(count);
    const frames = new Uint32Array(length);
    for (let stack = 0; stack < count; stack++) {
      const cell = rows[this.#firstRow[stack] as number] as number;
      idLo[stack] = cells.lo[cell] as number;
      idHi[stack] = cells.hi[cell] as number;
      const sample = cellSample[cell] as number;
      const excess = (cellDepth[cell] as number) - maxDepth;
      const offset = offsets[stack] as number;
      if (excess <= 0) this.#writeFrames(input, sample, frames, offset);
      else this.#writeCutFrames(input, sample, excess + 1, frames.subarray(offset));
    }
    return { stacks: { count, idLo, idHi, offsets, frames }, cutStacks };
  }

  #writeFrames({ columns, hashes }: StackInput, sample: number, frames: Uint32Array, offset: number): void {
    const { first } = hashes.frames;
    const { sampleLocations } = columns;
    const frameOfRow = this.#frameOfRow;
    const end = (columns.sampleStart[sample + 1] as number) | 0;
    let at = offset | 0;
    for (let ref = (columns.sampleStart[sample] as number) | 0; ref < end; ref++) {
      const location = (sampleLocations[ref] as number) | 0;
      let row = (first[location] as number) | 0;
      const stop = (first[location + 1] as number) | 0;
      do {
        let frame = (frameOfRow[row] as number) | 0;
        if (frame < 0) frame = this.#frame(hashes, row) | 0;
        frames[at++] = frame;
      } while (++row < stop);
    }
  }

  /** Writes the cut frame and the frames after the first `skipped`. */
  #writeCutFrames(input: StackInput, sample: number, skipped: number, frames: Uint32Array): void {
    const { columns, hashes } = input;
    const { first, cutRow } = hashes.frames;
    const end = columns.sampleStart[sample + 1] as number;
    let at = 0;
    let depth = 0;
    frames[at++] = this.#frame(hashes, cutRow);
    for (let ref = columns.sampleStart[sample] as number; ref < end; ref++) {
      const location = columns.sampleLocations[ref] as number;
      const stop = first[location + 1] as number;
      for (let row = first[location] as number; row < stop; row++) {
        if (depth++ >= skipped) frames[at++] = this.#frame(hashes, row);
      }
    }
  }

  #frame(hashes: SampleHashes, row: number): number {
    const known = this.#frameKeys.count;
    const { hashLo, hashHi } = hashes.frames;
    const frame = this.#frameKeys.add(hashLo[row] as number, hashHi[row] as number, 0);
    if (frame === known) {
      this.#frameRow = grownUint32(this.#frameRow, frame + 1);
      this.#frameRow[frame] = row;
    }
    this.#frameOfRow[row] = frame;
    return frame;
  }
}
