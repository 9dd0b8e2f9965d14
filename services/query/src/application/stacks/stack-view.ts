import {
  applyTransforms,
  compileTransforms,
  type Granularity,
  isFiltering,
  type MeasuredFrames,
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

/** How a request wants to see stacks. Frames are filtered as they were measured and grouped after that, as in pprof. */
export class StackView {
  readonly #transforms: StackTransforms;
  readonly #granularity: Granularity;
  readonly #isInverted: boolean;

  /** Throws `invalid_regex`. */
  constructor(params: ViewParams) {
    this.#transforms = compileTransforms({
      focus: params.focus,
      ignore: params.ignore,
      hide: params.hide,
      showFrom: params.show_from,
    });
    this.#granularity = params.granularity;
    this.#isInverted = params.invert ?? false;
  }

  /** Whether stacks are shown as they are merged. */
  get isPlain(): boolean {
    return this.#granularity === 'function' && !this.#isInverted && !isFiltering(this.#transforms);
  }

  /** The stacks to show. */
  stacksOf(profile: MergedProfile): StackSet {
    const stacks = this.#grouped(profile);
    return this.#isInverted ? reverseStacks(stacks) : stacks;
  }

  /** The stacks that the filters leave, by the frames that were measured. */
  measuredOf(profile: MergedProfile): Stacks<MeasuredFrames> {
    return applyTransforms(measuredStacks(profile), this.#transforms);
  }

  #grouped(profile: MergedProfile): StackSet {
    if (this.#granularity === 'function' && !isFiltering(this.#transforms)) return profile.stacks;
    return regroup(this.measuredOf(profile), this.#granularity);
  }
}

function measuredStacks({ resolved, values, exactValues }: MergedProfile): Stacks<MeasuredFrames> {
  const { cache, stacks } = resolved;
  const offsets = new Uint32Array(stacks.length + 1);
  for (let i = 0; i < stacks.length; i++) {
    offsets[i + 1] = (offsets[i] as number) + cache.framesOf(stacks[i] as number).length;
  }
  const frames = new Uint32Array(offsets[stacks.length] as number);
  for (let i = 0; i < stacks.length; i++) frames.set(cache.framesOf(stacks[i] as number), offsets[i]);
  const measured = { symbols: cache, offsets, frames, left: values };
  return exactValues === undefined ? measured : { ...measured, exact: exactValues };
}
