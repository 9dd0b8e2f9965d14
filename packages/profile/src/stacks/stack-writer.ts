import { grown } from '@everflame/bytes';
import { LimitExceededError } from '../errors.ts';
import type { ProfileColumns } from '../formats/profile-columns.ts';
import type { FlatStacks, FlattenLimits, FlattenOptions } from './flat-profile.ts';
import { framesOf } from './flat-frames.ts';
import type { FrameTable } from './frame-table.ts';
import { KeyTable } from './key-table.ts';
import { tooManyFrames, type StackHashes } from './stack-hashes.ts';

/** Cells ordered by stack id, and the first sample of each. */
export interface StackInput {
  readonly columns: ProfileColumns;
  readonly hashes: StackHashes;
  readonly cells: KeyTable;
  readonly cellSample: Uint32Array;
  readonly order: Uint32Array;
  readonly orderCount: number;
  readonly limits: FlattenLimits;
  readonly knownStacks: FlattenOptions['knownStacks'];
}

/** Writes the distinct stacks of a profile and numbers their distinct frames in the order they are met. */
export class StackWriter {
  readonly #frameKeys = new KeyTable();
  /** Row of the frame table of each distinct frame. */
  #rowOfFrame = new Uint32Array(1024);
  /** Distinct frame of each row of the frame table; -1 is not met yet. */
  #frameOfRow = new Int32Array(1024);
  /** The distinct frame of each location that has but one; -1 when it has several, or was not met yet. */
  #frameOfLocation = new Int32Array(1024);
  #stackOfCell = new Uint32Array(1024);
  /** A cell of each stack. */
  #cellOfStack = new Uint32Array(1024);
  #frames = new Uint32Array(16_384);

  /** `stackOfCell` has the index of the stack of each cell in the order. Pooled: valid until the next `write`. */
  write(input: StackInput) {
    const { frames: table } = input.hashes;
    this.#frameKeys.reset(table.count);
    this.#rowOfFrame = grown(this.#rowOfFrame, table.count);
    this.#frameOfRow = grown(this.#frameOfRow, table.count);
    this.#frameOfRow.fill(-1, 0, table.count);
    this.#frameOfLocation = grown(this.#frameOfLocation, input.columns.locationCount);
    this.#frameOfLocation.fill(-1, 0, input.columns.locationCount);
    this.#stackOfCell = grown(this.#stackOfCell, input.orderCount);
    this.#cellOfStack = grown(this.#cellOfStack, input.orderCount);
    const count = this.#numberStacks(input);
    const { stacks: maxStacks } = input.limits;
    if (count > maxStacks) throw new LimitExceededError('stacks', maxStacks, count);
    const { stacks, cutStacks } = this.#writeStacks(input, count);
    const rows = this.#rowOfFrame.subarray(0, this.#frameKeys.count);
    return {
      frames: framesOf(input.columns, table, rows, input.limits.stringBytes),
      stacks,
      stackOfCell: this.#stackOfCell,
      cutStacks,
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

  #writeStacks(input: StackInput, count: number): { stacks: FlatStacks; cutStacks: number } {
    const { columns, cells, cellSample, hashes, limits } = input;
    const { depth: maxDepth, stackFrames: maxStackFrames } = limits;
    const offsets = new Uint32Array(count + 1);
    const { idLo, idHi } = this.#idsOf(cells, count);
    const known = input.knownStacks?.(idLo, idHi);
    let out = 0;
    let cutStacks = 0;
    for (let stack = 0; stack < count; stack++) {
      const cell = this.#cellOfStack[stack] as number;
      const sample = cellSample[cell] as number;
      const isCut = hashes.mayBeDeep && hashes.frames.isDeeper(columns, sample, maxDepth);
      if (isCut) cutStacks++;
      offsets[stack + 1] = out;
      if (known?.[stack] === 1) continue;
      if (this.#frames.length <= out + maxDepth) this.#frames = grown(this.#frames, out + maxDepth + 1);
      if (isCut) {
        this.#writeCut(input, sample, out);
        out += maxDepth;
      } else out = this.#writeFrames(columns, hashes.frames, sample, out);
      if (out > maxStackFrames) throw tooManyFrames(maxStackFrames);
      offsets[stack + 1] = out;
    }
    return { stacks: { count, idLo, idHi, offsets, frames: this.#frames.slice(0, out) }, cutStacks };
  }

  #idsOf({ lo, hi }: KeyTable, count: number): Pick<FlatStacks, 'idLo' | 'idHi'> {
    const idLo = new Uint32Array(count);
    const idHi = new Uint32Array(count);
    for (let stack = 0; stack < count; stack++) {
      const cell = this.#cellOfStack[stack] as number;
      idLo[stack] = lo[cell] as number;
      idHi[stack] = hi[cell] as number;
    }
    return { idLo, idHi };
  }

  /** Writes the frames of a sample from `start` on and returns where they end. */
  #writeFrames(columns: ProfileColumns, table: FrameTable, sample: number, start: number): number {
    const { sampleStart, sampleLocations } = columns;
    const frames = this.#frames;
    const frameOfLocation = this.#frameOfLocation;
    const end = (sampleStart[sample + 1] as number) | 0;
    let out = start | 0;
    for (let at = (sampleStart[sample] as number) | 0; at < end; at++) {
      const location = (sampleLocations[at] as number) | 0;
      const frame = frameOfLocation[location] as number;
      if (frame >= 0) frames[out++] = frame;
      else out = this.#writeLocation(table, location, out);
    }
    return out;
  }

  /** Writes the frames of a location that has several, or was not met yet. */
  #writeLocation(table: FrameTable, location: number, start: number): number {
    const first = table.first[location] as number;
    const end = table.first[location + 1] as number;
    let out = start;
    for (let row = first; row < end; row++) {
      this.#numberFrame(table, row);
      this.#frames[out++] = this.#frameOfRow[row] as number;
    }
    if (end - first === 1) this.#frameOfLocation[location] = this.#frameOfRow[first] as number;
    return out;
  }

  #writeCut({ columns, hashes, limits }: StackInput, sample: number, start: number): void {
    const rows = this.#frames.subarray(start, start + limits.depth);
    hashes.frames.takeFromRoot(columns, sample, rows);
    rows.forEach((row, i) => {
      this.#numberFrame(hashes.frames, row);
      rows[i] = this.#frameOfRow[row] as number;
    });
  }

  #numberFrame({ hashLo, hashHi }: FrameTable, row: number): void {
    if ((this.#frameOfRow[row] as number) >= 0) return;
    const known = this.#frameKeys.count;
    const frame = this.#frameKeys.add(hashLo[row] as number, hashHi[row] as number, 0);
    if (frame === known) this.#rowOfFrame[frame] = row;
    this.#frameOfRow[row] = frame;
  }
}
