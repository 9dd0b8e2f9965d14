import type { Hash64 } from '../hash64.ts';
import type { ProfileColumns } from '../formats/profile-columns.ts';

/** A profile with one value per distinct stack. It owns its arrays; its names are read from the decoded bytes. */
export interface FlatProfile extends Readonly<
  Pick<
    ProfileColumns,
    'sampleTypes' | 'periodType' | 'period' | 'timeMs' | 'durationMs' | 'defaultSampleType'
  >
> {
  /** The distinct frames of the stacks whose frames are there. */
  readonly frames: FlatFrames;
  /** Distinct stacks with a value other than 0, ascending by unsigned 64-bit id. */
  readonly stacks: FlatStacks;
  /**
   * One per distinct set of string labels; the one without labels first, the others ordered by their labels.
   * A profile without samples has one group without labels and with empty columns.
   */
  readonly groups: readonly FlatGroup[];
  /** How many label sets were over the bound and summed into the group without labels. */
  readonly mergedLabelSets: number;
  /** How many distinct stacks were deeper than the bound: their leaf side is replaced by one frame, `CUT_FRAME_NAME`. */
  readonly cutStacks: number;
}

/** Rows of distinct frames. A frame is a function with its file and lines, or an address that has no symbol. */
export interface FlatFrames {
  readonly count: number;
  readonly idLo: Uint32Array;
  readonly idHi: Uint32Array;
  /** Name of the function, or `0x` and the address in hex. */
  name(frame: number): string;
  /** Source file, or the binary of an address without symbol. */
  file(frame: number): string;
  systemName(frame: number): string;
  readonly line: Uint32Array;
  readonly startLine: Uint32Array;
  /** Build id of the binary of an address without symbol, else empty. */
  buildId(frame: number): string;
  /** The address as the process saw it where there is no symbol, else 0. */
  readonly addressLo: Uint32Array;
  readonly addressHi: Uint32Array;
  /** The texts again, for those who need bytes only. */
  readonly bytes: FlatFrameBytes;
}

/**
 * The texts of frames as ranges of bytes: frame `i` owns `[ranges[2 * i], ranges[2 * i + 1])`. The bytes may be
 * ill-formed UTF-8, and longer than the limit. Only of a frame with a name here the ranges are its texts: other frames are
 * no functions, or have no name.
 */
export interface FlatFrameBytes {
  readonly source: Uint8Array;
  readonly names: Uint32Array;
  readonly files: Uint32Array;
  readonly systemNames: Uint32Array;
}

/** Rows of distinct stacks. */
export interface FlatStacks {
  readonly count: number;
  readonly idLo: Uint32Array;
  readonly idHi: Uint32Array;
  /** Stack `i` owns the range `[offsets[i], offsets[i + 1])` of `frames`; that of a known one is empty. */
  readonly offsets: Uint32Array;
  /** Indexes of frames, leaf first. */
  readonly frames: Uint32Array;
}

/** What was measured under one set of string labels. */
export interface FlatGroup {
  /** Sorted by name; names are valid label names. */
  readonly labels: readonly (readonly [string, string])[];
  /** One per sample type. */
  readonly columns: readonly FlatColumn[];
}

/** Values of one sample type. */
export interface FlatColumn {
  /** Indexes of stacks, ascending; columns of a group may share them. */
  readonly stacks: Uint32Array;
  /** Parallel to `stacks`; never 0, negative in differences. */
  readonly values: Float64Array;
  readonly total: number;
}

/** Bounds of a profile. */
export type FlattenLimits = Readonly<typeof DEFAULT_FLATTEN_LIMITS>;

export const DEFAULT_FLATTEN_LIMITS = {
  samples: 1_000_000,
  /** In frames; deeper stacks keep their root side. */
  depth: 1024,
  stacks: 500_000,
  /** Frames of all stacks together, which bounds the memory they take: 4 bytes each. */
  stackFrames: 64_000_000,
  /** Longer names are cut. */
  stringBytes: 65_535,
  /** Distinct sets of string labels; more are summed into the group without labels. */
  labelSets: 64,
};

export interface FlattenOptions {
  /** Of the tenant: `saltOf(tenant)`. */
  readonly salt: Hash64;
  readonly limits?: Partial<FlattenLimits>;
  /**
   * Asked once, with the ids of all stacks in their order: 1 for each that the caller knows. Their frames are left out.
   */
  readonly knownStacks?: (idLo: Uint32Array, idHi: Uint32Array) => Uint8Array;
}

/** Name of the frame that stands for the frames that were cut from a stack that was too deep. */
export const CUT_FRAME_NAME = '(truncated)';
