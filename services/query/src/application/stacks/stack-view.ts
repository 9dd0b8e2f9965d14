import {
  applyTransforms,
  compileTransforms,
  type Granularity,
  isFiltering,
  type LinedFrames,
  regroup,
  reverseStacks,
  type Stacks,
  type StackSet,
  type StackTransforms,
} from '@everflame/flamegraph';
import type { MergedProfile } from './merge-profiles.ts';

export interface ViewParams {
  readonly focus?: string | undefined;
  readonly ignore?: string | undefined;
  readonly hide?: string | undefined;
  readonly show_from?: string | undefined;
  readonly granularity: Granularity;
  readonly invert?: boolean | undefined;
}

/** Stacks whose frames were looked up; the merged stacks of functions where there are any. */
export type ResolvedProfile = Pick<MergedProfile, 'kind' | 'unit' | 'scope' | 'resolved' | 'values'> & {
  readonly stacks?: StackSet;
  readonly exactValues?: BigInt64Array | undefined;
};

/** Frames with everything that storage knows of them. */
export interface MeasuredFrames extends LinedFrames {
  startLine(id: number): number;
  systemName(id: number): string;
}

/** How a request wants to see stacks. Frames are filtered as they were measured and grouped after that, as in pprof. */
export class StackView {
  private readonly transforms: StackTransforms;
  private readonly granularity: Granularity;
  private readonly isInverted: boolean;

  /** Throws `invalid_regex`. */
  constructor(params: ViewParams) {
    this.transforms = compileTransforms({
      focus: params.focus,
      ignore: params.ignore,
      hide: params.hide,
      showFrom: params.show_from,
    });
    this.granularity = params.granularity;
    this.isInverted = params.invert ?? false;
  }

  /** Whether stacks are shown as they are merged. */
  get isPlain(): boolean {
    return this.granularity === 'function' && !this.isInverted && !isFiltering(this.transforms);
  }

  /** The stacks to show. */
  stacksOf(profile: ResolvedProfile): StackSet {
    const stacks = this.grouped(profile);
    return this.isInverted ? reverseStacks(stacks) : stacks;
  }

  /** The stacks that the filters leave, by the frames that were measured. */
  measuredOf(profile: ResolvedProfile): Stacks<MeasuredFrames> {
    return applyTransforms(measuredStacks(profile), this.transforms);
  }

  private grouped(profile: ResolvedProfile): StackSet {
    const { stacks } = profile;
    if (stacks === undefined || this.granularity !== 'function' || isFiltering(this.transforms)) {
      return regroup(this.measuredOf(profile), this.granularity);
    }
    return stacks;
  }
}

function measuredStacks({ resolved, values, exactValues }: ResolvedProfile): Stacks<MeasuredFrames> {
  const { cache, stacks } = resolved;
  const offsets = new Uint32Array(stacks.length + 1);
  for (let i = 0; i < stacks.length; i++) {
    offsets[i + 1] = (offsets[i] ?? 0) + cache.framesOf(stacks[i] ?? 0).length;
  }
  const frames = new Uint32Array(offsets[stacks.length] ?? 0);
  let size = 0;
  for (let i = 0; i < stacks.length; i++) frames.set(cache.framesOf(stacks[i] ?? 0), offsets[i] ?? 0);
  for (const frame of frames) if (frame >= size) size = frame + 1;
  const symbols = {
    size,
    name: (frame: number) => cache.symbols.name(cache.symbolOf(frame)),
    file: (frame: number) => cache.fileOf(frame),
    line: (frame: number) => cache.lineOf(frame),
    startLine: (frame: number) => cache.startLineOf(frame),
    systemName: (frame: number) => cache.systemNameOf(frame),
  };
  const measured = { symbols, offsets, frames, left: values };
  return exactValues === undefined ? measured : { ...measured, exact: exactValues };
}
