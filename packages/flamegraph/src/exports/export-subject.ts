import type { LinedFrames } from '../granularity.ts';

/** Frames with everything that storage knows of them. */
export interface MeasuredFrames extends LinedFrames {
  startLine(id: number): number;
  systemName(id: number): string;
}

/** What the stacks of an export are of; of a diff, its right side. */
export interface ExportSubject {
  readonly profileTypeId: string;
  /** Unit of the values, which a normalisation changes. */
  readonly unit: string;
  /** The selector of the profiles. */
  readonly query: string;
  readonly fromMs: number;
  /** Seconds of profiling that the profiles cover, summed over series. */
  readonly instanceSeconds: number;
}
