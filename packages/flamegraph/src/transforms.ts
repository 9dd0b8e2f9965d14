import { compilePattern, type Pattern } from './pattern/pattern.ts';
import { StackSetBuilder, type StackSet } from './stack-set.ts';
import type { SymbolTable } from './symbol-table.ts';

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
export interface TransformTexts {
  readonly focus?: string | undefined;
  readonly ignore?: string | undefined;
  readonly hide?: string | undefined;
  readonly showFrom?: string | undefined;
}

/** Throws `invalid_regex` for a pattern that is not in RE2's syntax or longer than 1024 characters. */
export function compileTransforms(texts: TransformTexts): StackTransforms {
  const entries = (['focus', 'ignore', 'hide', 'showFrom'] as const).flatMap((field) => {
    const text = texts[field];
    return text === undefined || text === '' ? [] : [[field, compilePattern(text)] as const];
  });
  return Object.fromEntries(entries);
}

/**
 * Applies focus and ignore to the stacks as they are, then hide, then show-from, as pprof does. With any of them
 * a stack without frames is dropped. Each name in use is matched once per pattern.
 */
export function applyTransforms(stacks: StackSet, transforms: StackTransforms): StackSet {
  const { focus, ignore, hide, showFrom } = transforms;
  if (!focus && !ignore && !hide && !showFrom) return stacks;
  const matching = (pattern: Pattern | undefined): Uint8Array | undefined =>
    pattern && matchSymbols(stacks.symbols, stacks.frames, pattern);
  const isFocused = matching(focus);
  const isIgnored = matching(ignore);
  const isHidden = matching(hide);
  const isTop = matching(showFrom);
  const { offsets, frames } = stacks;
  const builder = new StackSetBuilder(stacks.symbols, { isDiff: stacks.right !== undefined });
  const kept: number[] = [];
  for (let stack = 0; stack < stacks.left.length; stack++) {
    const begin = offsets[stack] as number;
    const end = offsets[stack + 1] as number;
    if (isFocused && !hasAny(frames, begin, end, isFocused)) continue;
    if (isIgnored && hasAny(frames, begin, end, isIgnored)) continue;
    const length = keepFrames(frames.subarray(begin, end), isHidden, isTop, kept);
    if (length === 0) continue;
    builder.add(kept, stacks.left[stack] as number, stacks.right?.[stack] ?? 0, 0, length);
  }
  return builder.build();
}

/** Fills `kept` with the frames that are not hidden; the result is how many of them are up to the topmost top. */
function keepFrames(
  frames: Uint32Array,
  isHidden: Uint8Array | undefined,
  isTop: Uint8Array | undefined,
  kept: number[],
): number {
  kept.length = 0;
  let keptToTop = 0;
  for (const symbol of frames) {
    if (isHidden?.[symbol] === 1) continue;
    kept.push(symbol);
    if (isTop === undefined || isTop[symbol] === 1) keptToTop = kept.length;
  }
  return keptToTop;
}

function hasAny(frames: Uint32Array, begin: number, end: number, flags: Uint8Array): boolean {
  for (let index = begin; index < end; index++) if (flags[frames[index] as number] === 1) return true;
  return false;
}

/** 1 by symbol id for the symbols among `frames` whose name or file matches. */
function matchSymbols(symbols: SymbolTable, frames: Uint32Array, pattern: Pattern): Uint8Array {
  const flags = new Uint8Array(symbols.size);
  const isTested = new Uint8Array(symbols.size);
  const files = new Map<string, boolean>();
  const fileMatches = (file: string): boolean => {
    let isMatch = files.get(file);
    if (isMatch === undefined) {
      isMatch = file !== '' && pattern.test(file);
      files.set(file, isMatch);
    }
    return isMatch;
  };
  for (const symbol of frames) {
    if (isTested[symbol] === 1) continue;
    isTested[symbol] = 1;
    if (pattern.test(symbols.name(symbol)) || fileMatches(symbols.file(symbol))) flags[symbol] = 1;
  }
  return flags;
}
