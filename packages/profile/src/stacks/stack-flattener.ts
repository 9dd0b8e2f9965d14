import { grown } from '@everflame/bytes';
import { LimitExceededError } from '../errors.ts';
import type { ProfileColumns } from '../formats/profile-columns.ts';
import { safeSum } from '../safe-values.ts';
import {
  DEFAULT_FLATTEN_LIMITS,
  type FlatColumn,
  type FlatGroup,
  type FlatProfile,
  type FlattenOptions,
} from './flat-profile.ts';
import { KeyOrder, KeyTable } from './key-table.ts';
import { LabelGroups } from './label-groups.ts';
import { StackHashes } from './stack-hashes.ts';
import { StackWriter } from './stack-writer.ts';

/** The cells of one label set. */
interface GroupMembers {
  /** Cells in the order of their stacks. */
  readonly rows: Uint32Array;
  /** Positions in `rows`, ascending. */
  readonly members: Uint32Array;
  /** Index of the stack of each position. */
  readonly stackOf: Uint32Array;
  /** Sample types that a cell has. */
  readonly types: number;
}

/**
 * Turns decoded profiles into one value per distinct stack, label set and sample type. Reuses its memory: keep one per
 * thread. What it returns is the caller's, as long as the decoded bytes are not overwritten.
 */
export class StackFlattener {
  readonly #hashes = new StackHashes();
  readonly #groups = new LabelGroups();
  /** One key per distinct stack and group. */
  readonly #cells = new KeyTable();
  readonly #order = new KeyOrder();
  readonly #stacks = new StackWriter();
  /** The first sample of each cell. */
  #cellSample = new Uint32Array(1024);
  #sums = new Float64Array(4096);
  #positions = new Uint32Array(1024);
  /** What the column that is written has so far. */
  #columnStacks = new Uint32Array(1024);
  #columnValues = new Float64Array(1024);

  /**
   * Flattens a decoded profile. Throws `LimitExceededError` (samples, stacks, stack_frames) and `DomainError` with code
   * `value_too_large` when a sum cannot be held exactly.
   */
  flatten(columns: ProfileColumns, options: FlattenOptions): FlatProfile {
    const limits = { ...DEFAULT_FLATTEN_LIMITS, ...options.limits };
    if (columns.sampleCount > limits.samples) {
      throw new LimitExceededError(
        'samples',
        limits.samples,
        columns.sampleCount,
        'Profile for a shorter time or at a lower rate.',
      );
    }
    this.#hashes.hash(columns, options.salt, limits);
    this.#groups.reset(columns, limits.labelSets);
    this.#sumSamples(columns);
    const rows = this.#order.order(this.#cells);
    const kept = this.#dropZeroCells(rows, columns.sampleTypes.length);
    const { frames, stacks, stackOfCell, cutStacks } = this.#stacks.write({
      columns,
      hashes: this.#hashes,
      cells: this.#cells,
      cellSample: this.#cellSample,
      order: rows,
      orderCount: kept,
      limits,
      knownStacks: options.knownStacks,
    });
    return {
      sampleTypes: columns.sampleTypes,
      periodType: columns.periodType,
      period: columns.period,
      timeMs: columns.timeMs,
      durationMs: columns.durationMs,
      defaultSampleType: columns.defaultSampleType,
      frames,
      stacks,
      groups: this.#writeGroups(rows, kept, stackOfCell, columns.sampleTypes.length),
      mergedLabelSets: this.#groups.merged,
      cutStacks,
    };
  }

  #sumSamples(columns: ProfileColumns): void {
    const { sampleCount, values, labelStart } = columns;
    const isLabelled = columns.stringLabelCount > 0;
    const types = columns.sampleTypes.length;
    const { lo, hi } = this.#hashes;
    const cells = this.#cells;
    cells.reset(sampleCount);
    this.#reserve(sampleCount, types);
    const cellSample = this.#cellSample;
    const sums = this.#sums;
    let from = 0;
    for (let sample = 0; sample < sampleCount; sample++) {
      const hasLabels = isLabelled && labelStart[sample] !== labelStart[sample + 1];
      const group = hasLabels ? this.#groups.groupOf(sample) : 0;
      const known = cells.count;
      const cell = cells.add(lo[sample] as number, hi[sample] as number, group);
      const end = from + types;
      let to = cell * types;
      if (cell === known) {
        cellSample[cell] = sample;
        while (from < end) sums[to++] = values[from++] as number;
      } else {
        for (; from < end; from++, to++) sums[to] = safeSum(sums[to] as number, values[from] as number);
      }
    }
  }

  #reserve(cells: number, types: number): void {
    this.#cellSample = grown(this.#cellSample, cells);
    this.#sums = grown(this.#sums, cells * types);
  }

  /** Moves the rows of cells with a value to the front, in order, and returns how many there are. */
  #dropZeroCells(rows: Uint32Array, types: number): number {
    let kept = 0;
    for (let i = 0; i < this.#cells.count; i++) {
      const cell = rows[i] as number;
      let isZero = true;
      for (let type = 0; type < types && isZero; type++) isZero = this.#sums[cell * types + type] === 0;
      if (!isZero) rows[kept++] = cell;
    }
    return kept;
  }

  #writeGroups(rows: Uint32Array, count: number, stackOf: Uint32Array, types: number): readonly FlatGroup[] {
    const { labels } = this.#groups;
    const { starts, order } = this.#byGroup(rows, count, labels.length);
    const groups = labels.map((groupLabels, group) => {
      const members = order.subarray(starts[group], starts[group + 1]);
      const columns: FlatColumn[] = [];
      for (let type = 0; type < types; type++) {
        columns.push(this.#writeColumn({ rows, members, stackOf, types }, type, columns[type - 1]));
      }
      return { labels: groupLabels, columns };
    });
    const used = groups.filter((_, group) => starts[group] !== starts[group + 1]);
    if (used.length === 0) return groups.slice(0, 1);
    return used.length === 1 ? used : used.toSorted(byLabels);
  }

  /** Positions in `rows` ordered by group; those of group `g` are `order[starts[g], starts[g + 1])`, ascending. */
  #byGroup(rows: Uint32Array, count: number, groups: number): { starts: Uint32Array; order: Uint32Array } {
    const starts = new Uint32Array(groups + 1);
    this.#positions = grown(this.#positions, count);
    const order = this.#positions;
    if (groups === 1) {
      for (let i = 0; i < count; i++) order[i] = i;
      starts[1] = count;
      return { starts, order };
    }
    const cellGroup = this.#cells.group;
    const next = new Uint32Array(groups + 1);
    for (let i = 0; i < count; i++) {
      const group = cellGroup[rows[i] as number] as number;
      starts[group + 1] = (starts[group + 1] as number) + 1;
    }
    for (let group = 0; group < groups; group++) {
      starts[group + 1] = (starts[group + 1] as number) + (starts[group] as number);
      next[group] = starts[group] as number;
    }
    for (let i = 0; i < count; i++) {
      const group = cellGroup[rows[i] as number] as number;
      const at = next[group] as number;
      order[at] = i;
      next[group] = at + 1;
    }
    return { starts, order };
  }

  /** Shares the stacks of `previous` where they are the same, as those of sample types that come in pairs are. */
  #writeColumn(
    { rows, members, stackOf, types }: GroupMembers,
    type: number,
    previous: FlatColumn | undefined,
  ): FlatColumn {
    const sums = this.#sums;
    const { length } = members;
    this.#columnStacks = grown(this.#columnStacks, length);
    this.#columnValues = grown(this.#columnValues, length);
    const stacks = this.#columnStacks;
    const values = this.#columnValues;
    const others = previous?.stacks ?? stacks;
    let differences = 0;
    let size = 0;
    let total = 0;
    for (let i = 0; i < length; i++) {
      const position = members[i] as number;
      const value = sums[(rows[position] as number) * types + type] as number;
      if (value === 0) continue;
      const stack = stackOf[position] as number;
      stacks[size] = stack;
      differences |= stack ^ (others[size] as number);
      values[size++] = value;
      total = safeSum(total, value);
    }
    const isSame = previous !== undefined && differences === 0 && others.length === size;
    return {
      stacks: isSame ? previous.stacks : stacks.slice(0, size),
      values: values.slice(0, size),
      total,
    };
  }
}

function byLabels(a: FlatGroup, b: FlatGroup): number {
  if (a.labels.length === 0 || b.labels.length === 0) return a.labels.length - b.labels.length;
  return JSON.stringify(a.labels) < JSON.stringify(b.labels) ? -1 : 1;
}
