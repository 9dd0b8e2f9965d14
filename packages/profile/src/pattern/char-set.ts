/** A set of code points. Closed ranges, and one-character expressions for Unicode properties. */
export interface CharSet {
  readonly ranges: readonly (readonly [low: number, high: number])[];
  readonly properties: readonly RegExp[];
  readonly isNegated: boolean;
  /** Upper and lower case are the same. */
  readonly foldsCase: boolean;
}

export type Ranges = [low: number, high: number][];

const MAX_CODE = 0x10_ffff;
const DIGIT: Ranges = [[0x30, 0x39]];
const SPACE: Ranges = [
  [0x09, 0x0a],
  [0x0c, 0x0d],
  [0x20, 0x20],
];
const WORD: Ranges = [
  [0x30, 0x39],
  [0x41, 0x5a],
  [0x5f, 0x5f],
  [0x61, 0x7a],
];

/** `\d`, `\s` and `\w`, which are ASCII in RE2, and their opposites. */
export const PERL_CLASSES: Readonly<Record<string, Ranges>> = {
  d: DIGIT,
  D: complementOf(DIGIT),
  s: SPACE,
  S: complementOf(SPACE),
  w: WORD,
  W: complementOf(WORD),
};

/** `[[:alpha:]]` and the like. */
export const POSIX_CLASSES: Readonly<Record<string, Ranges>> = {
  alnum: rangesOf('09AZaz'),
  alpha: rangesOf('AZaz'),
  ascii: [[0, 0x7f]],
  blank: rangesOf('\t\t  '),
  cntrl: [
    [0, 0x1f],
    [0x7f, 0x7f],
  ],
  digit: DIGIT,
  graph: rangesOf('!~'),
  lower: rangesOf('az'),
  print: rangesOf(' ~'),
  punct: rangesOf('!/:@[`{~'),
  space: [[0x09, 0x0d], ...rangesOf('  ')],
  upper: rangesOf('AZ'),
  word: WORD,
  xdigit: rangesOf('09AFaf'),
};

export function complementOf(ranges: Ranges): Ranges {
  const gaps: Ranges = [];
  let next = 0;
  for (const [low, high] of ranges.toSorted((a, b) => a[0] - b[0])) {
    if (low > next) gaps.push([next, low - 1]);
    next = Math.max(next, high + 1);
  }
  if (next <= MAX_CODE) gaps.push([next, MAX_CODE]);
  return gaps;
}

export function hasChar(set: CharSet, code: number): boolean {
  return isListed(set, code) !== set.isNegated;
}

function isListed(set: CharSet, code: number): boolean {
  if (isIncluded(set, code)) return true;
  if (!set.foldsCase) return false;
  const char = String.fromCodePoint(code);
  return (
    isIncluded(set, char.toLowerCase().codePointAt(0) ?? code) ||
    isIncluded(set, char.toUpperCase().codePointAt(0) ?? code)
  );
}

function isIncluded(set: CharSet, code: number): boolean {
  for (const [low, high] of set.ranges) if (code >= low && code <= high) return true;
  if (set.properties.length === 0) return false;
  const char = String.fromCodePoint(code);
  return set.properties.some((property) => property.test(char));
}

/** Pairs of first and last characters. */
function rangesOf(pairs: string): Ranges {
  const ranges: Ranges = [];
  for (let index = 0; index < pairs.length; index += 2) {
    ranges.push([pairs.charCodeAt(index), pairs.charCodeAt(index + 1)]);
  }
  return ranges;
}
