import { compilePattern, type Pattern } from '@everflame/profile';
import { type FrameNames, pickDoubles, type Stacks } from './stack-set.ts';

/**
 * pprof's filters. A frame matches when the pattern occurs anywhere in its function name or its file.
 * Sources: `-focus`, `-ignore`, `-hide` and `-show_from` in google/pprof's documentation and profile/filter.go.
 */
export interface StackTransforms {
  /** Keep stacks with a matching frame. */
  readonly focus?: Pattern;
  /** Drop stacks with a matching frame. */
  readonly ignore?: Pattern;
  /** Take matching frames out; a stack that has none left is dropped. */
  readonly hide?: Pattern;
  /** Start stacks at the matching frame nearest to the root; drop stacks without one. */
  readonly showFrom?: Pattern;
}

/** The patterns as a request has them; an empty one is as good as none. */
export type TransformTexts = { readonly [field in keyof StackTransforms]?: string | undefined };

/** Throws `invalid_regex` for a pattern that is not in RE2's syntax or longer than 1024 characters. */
export function compileTransforms(texts: TransformTexts): StackTransforms {
  const entries = (['focus', 'ignore', 'hide', 'showFrom'] as const).flatMap((field) => {
    const text = texts[field];
    return text === undefined || text === '' ? [] : [[field, compilePattern(text)] as const];
  });
  return Object.fromEntries(entries);
}

/** Whether there is anything to do. */
export function isFiltering(transforms: StackTransforms): boolean {
  const { focus, ignore, hide, showFrom } = transforms;
  return (focus ?? ignore ?? hide ?? showFrom) !== undefined;
}

/**
 * Applies focus and ignore to the stacks as they are, then hide, then show-from, as pprof does. With any of them
 * a stack without frames is dropped. Each name in use is matched once per pattern.
 */
export function applyTransforms<S extends Stacks<FrameNames>>(stacks: S, transforms: StackTransforms): S {
  if (!isFiltering(transforms)) return stacks;
  const matching = (pattern: Pattern | undefined): Uint8Array | undefined =>
    pattern && matchFrames(stacks, pattern);
  const isFocused = matching(transforms.focus);
  const isIgnored = matching(transforms.ignore);
  const isHidden = matching(transforms.hide);
  const isTop = matching(transforms.showFrom);
  const { offsets, frames } = stacks;
  const kept = new Uint32Array(stacks.left.length);
  const keptOffsets = new Uint32Array(stacks.left.length + 1);
  const keptFrames = new Uint32Array(frames.length);
  let count = 0;
  for (let stack = 0; stack < stacks.left.length; stack++) {
    const begin = offsets[stack] as number;
    const end = offsets[stack + 1] as number;
    if (isFocused && !hasAny(frames, begin, end, isFocused)) continue;
    if (isIgnored && hasAny(frames, begin, end, isIgnored)) continue;
    const from = keptOffsets[count] as number;
    const to = keepFrames(frames.subarray(begin, end), { isHidden, isTop }, keptFrames, from);
    if (to === from) continue;
    kept[count] = stack;
    keptOffsets[++count] = to;
  }
  return {
    ...pickValues(stacks, kept.subarray(0, count)),
    offsets: keptOffsets.slice(0, count + 1),
    frames: keptFrames.slice(0, keptOffsets[count]),
  };
}

/** The stacks with the values of some of them, in that order. */
function pickValues<S extends Stacks<FrameNames>>(stacks: S, kept: Uint32Array): S {
  const { left, right, exact, exactRight } = stacks;
  const pickExact = (values: BigInt64Array): BigInt64Array =>
    BigInt64Array.from(kept as ArrayLike<number>, (index) => values[index] as bigint);
  return {
    ...stacks,
    left: pickDoubles(left, kept),
    ...(right && { right: pickDoubles(right, kept) }),
    ...(exact && { exact: pickExact(exact) }),
    ...(exactRight && { exactRight: pickExact(exactRight) }),
  };
}

/** Writes the frames that are not hidden, up to the topmost top, from `into[from]` on; the result is their end. */
function keepFrames(
  frames: Uint32Array,
  flags: { readonly isHidden: Uint8Array | undefined; readonly isTop: Uint8Array | undefined },
  into: Uint32Array,
  from: number,
): number {
  const { isHidden, isTop } = flags;
  let to = from;
  let keptToTop = from;
  for (const frame of frames) {
    if (isHidden?.[frame] === 1) continue;
    into[to++] = frame;
    if (isTop === undefined || isTop[frame] === 1) keptToTop = to;
  }
  return keptToTop;
}

function hasAny(frames: Uint32Array, begin: number, end: number, flags: Uint8Array): boolean {
  for (let index = begin; index < end; index++) if (flags[frames[index] as number] === 1) return true;
  return false;
}

/** 1 by frame id for the frames in use whose name or file matches. */
function matchFrames({ symbols, frames }: Stacks<FrameNames>, pattern: Pattern): Uint8Array {
  const flags = new Uint8Array(symbols.size);
  const isTested = new Uint8Array(symbols.size);
  const known = new Map<string, boolean>();
  const matches = (text: string): boolean => {
    let isMatch = known.get(text);
    if (isMatch === undefined) {
      isMatch = pattern.test(text);
      known.set(text, isMatch);
    }
    return isMatch;
  };
  for (const frame of frames) {
    if (isTested[frame] === 1) continue;
    isTested[frame] = 1;
    const file = symbols.file(frame);
    if (matches(symbols.name(frame)) || (file !== '' && matches(file))) flags[frame] = 1;
  }
  return flags;
}
