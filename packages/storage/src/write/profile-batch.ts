import type { NativeColumns } from '../native/encode-block.ts';
import {
  type FrameColumns,
  FrameRows,
  type SeriesRow,
  SeriesRows,
  type StackColumns,
  StackRows,
} from './dictionary-rows.ts';
import { type BatchHour, BatchHours } from './late-hours.ts';
import { type ProfileRow, ProfileRows } from './profile-rows.ts';

export type BatchTable = 'frames' | 'stacks' | 'series' | 'label_values' | 'profiles';

/**
 * Rows of one insert, gathered as columns. Series and label values are deduplicated within the batch; stacks and
 * frames are stored as often as they are added.
 */
export class ProfileBatch {
  readonly #profiles = new ProfileRows();
  readonly #stacks = new StackRows();
  readonly #frames = new FrameRows();
  readonly #series = new SeriesRows();
  readonly #hours = new BatchHours();

  addProfile(row: ProfileRow): void {
    this.#profiles.add(row);
    this.#hours.add(row);
  }

  addStacks(rows: StackColumns): void {
    this.#stacks.add(rows);
  }

  addFrames(rows: FrameColumns): void {
    this.#frames.add(rows);
  }

  addSeries(row: SeriesRow): void {
    this.#series.add(row);
  }

  /** Rows of all tables. */
  get rows(): number {
    return this.tables().reduce((rows, [, columns]) => rows + rowsOf(columns), 0);
  }

  /** About the size of the encoded batch. */
  get bytes(): number {
    return this.tables()
      .flatMap(([, columns]) => Object.values(columns))
      .reduce((bytes, column) => bytes + column.byteLength, 0);
  }

  /** Where the profiles lie. */
  get hours(): readonly BatchHour[] {
    return this.#hours.all;
  }

  get isEmpty(): boolean {
    return this.rows === 0;
  }

  /** In the order of insertion: what profiles refer to comes first, so that a crash leaves no id unresolvable. */
  tables(): readonly (readonly [BatchTable, NativeColumns])[] {
    return [
      ['frames', this.#frames.columns],
      ['stacks', this.#stacks.columns],
      ['series', this.#series.columns],
      ['label_values', this.#series.labelValues.columns],
      ['profiles', this.#profiles.columns],
    ];
  }
}

export function rowsOf(columns: NativeColumns): number {
  return Object.values(columns)[0]?.rows ?? 0;
}
