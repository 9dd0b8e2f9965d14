import { type CharSet, complementOf } from './char-set.ts';
import { parseClass, parseEscape } from './parse-class.ts';
import { PatternText } from './pattern-text.ts';

export type Assertion = 'text_start' | 'text_end' | 'line_start' | 'line_end' | 'word' | 'not_word';

/** The syntax tree of a pattern. */
export type PatternNode =
  | { readonly kind: 'chars'; readonly set: CharSet }
  | { readonly kind: 'assert'; readonly assertion: Assertion }
  | { readonly kind: 'sequence'; readonly parts: readonly PatternNode[] }
  | { readonly kind: 'choice'; readonly options: readonly PatternNode[] }
  | { readonly kind: 'repeat'; readonly part: PatternNode; readonly min: number; readonly max: number };

const MAX_REPEAT = 1000;
const COUNTED_REPEAT = /\{(\d{1,9})(,(\d{1,9})?)?\}/y;
const ESCAPED_ASSERTIONS: Readonly<Record<string, Assertion>> = {
  A: 'text_start',
  z: 'text_end',
  b: 'word',
  B: 'not_word',
};

/**
 * Reads a pattern in RE2's syntax (https://github.com/google/re2/wiki/Syntax), which is Go's. Throws `invalid_regex`
 * for what RE2 does not have, such as look-around and back-references.
 */
export function parsePattern(source: string): PatternNode {
  const text = new PatternText(source);
  const node = parseChoice(text);
  if (!text.isAtEnd) throw text.error('there is a ) without its (');
  return node;
}

function parseChoice(text: PatternText): PatternNode {
  text.enterGroup();
  // Flags set in a group end with it.
  const outer = { ...text.flags };
  const options = [parseSequence(text)];
  while (text.take('|')) options.push(parseSequence(text));
  text.flags = outer;
  text.leaveGroup();
  return options.length === 1 ? (options[0] as PatternNode) : { kind: 'choice', options };
}

function parseSequence(text: PatternText): PatternNode {
  const parts: PatternNode[] = [];
  while (!text.isAtEnd && text.peek() !== '|' && text.peek() !== ')') {
    if (text.take('\\Q')) {
      const quoted = Array.from(text.takeQuoted(), (char) => charNode(text, char));
      const last = quoted.pop();
      parts.push(...quoted);
      if (last !== undefined) parts.push(parseRepeat(text, last));
      continue;
    }
    const atom = parseAtom(text);
    if (atom !== undefined) parts.push(parseRepeat(text, atom));
  }
  return parts.length === 1 ? (parts[0] as PatternNode) : { kind: 'sequence', parts };
}

/** Undefined where flags alone are set, as in `(?i)`. */
function parseAtom(text: PatternText): PatternNode | undefined {
  if (takeBounds(text) !== undefined) throw text.error('there is nothing to repeat');
  const char = text.next();
  switch (char) {
    case '(':
      return parseGroup(text);
    case '[':
      return { kind: 'chars', set: parseClass(text) };
    case '.':
      return charsNode(text.flags.dotAll ? [[0, 0x10_ffff]] : complementOf([[0x0a, 0x0a]]));
    case '^':
      return { kind: 'assert', assertion: text.flags.multiline ? 'line_start' : 'text_start' };
    case '$':
      return { kind: 'assert', assertion: text.flags.multiline ? 'line_end' : 'text_end' };
    case '\\': {
      const assertion = ESCAPED_ASSERTIONS[text.peek()];
      if (assertion === undefined) return { kind: 'chars', set: parseEscape(text) };
      text.next();
      return { kind: 'assert', assertion };
    }
    default:
      return charNode(text, char);
  }
}

function parseGroup(text: PatternText): PatternNode | undefined {
  if (text.take('?')) {
    if (text.take('=') || text.take('!') || text.take('<=') || text.take('<!')) {
      throw text.error('look-around is not supported');
    }
    if (text.take('P<') || text.take('<')) text.takeName();
    else {
      const outer = text.flags;
      text.takeFlags();
      if (text.take(')')) return undefined;
      if (!text.take(':')) throw text.error('a group starts in an unknown way');
      return closeGroup(text, outer);
    }
  }
  return closeGroup(text, text.flags);
}

function closeGroup(text: PatternText, outer: PatternText['flags']): PatternNode {
  const group = parseChoice(text);
  text.flags = outer;
  if (!text.take(')')) throw text.error('a ( has no )');
  return group;
}

function parseRepeat(text: PatternText, atom: PatternNode): PatternNode {
  const bounds = takeBounds(text);
  if (bounds === undefined) return atom;
  // A lazy repeat matches the same texts.
  text.take('?');
  if (takeBounds(text) !== undefined) throw text.error('a repeat is repeated');
  return { kind: 'repeat', part: atom, ...bounds };
}

function takeBounds(text: PatternText): { min: number; max: number } | undefined {
  if (text.take('*')) return { min: 0, max: Infinity };
  if (text.take('+')) return { min: 1, max: Infinity };
  if (text.take('?')) return { min: 0, max: 1 };
  const counted = text.takeMatch(COUNTED_REPEAT);
  if (counted === undefined) return undefined;
  const min = Number(counted[1]);
  const max = counted[2] === undefined ? min : counted[3] === undefined ? Infinity : Number(counted[3]);
  const isPossible = min <= max && min <= MAX_REPEAT && (max === Infinity || max <= MAX_REPEAT);
  if (!isPossible) throw text.error(`a repeat count is above ${MAX_REPEAT} or the wrong way round`);
  return { min, max };
}

function charNode(text: PatternText, char: string): PatternNode {
  const code = char.codePointAt(0) ?? 0;
  const set = { ranges: [[code, code] as const], properties: [], isNegated: false };
  return { kind: 'chars', set: { ...set, foldsCase: text.flags.ignoreCase } };
}

function charsNode(ranges: CharSet['ranges']): PatternNode {
  return { kind: 'chars', set: { ranges, properties: [], isNegated: false, foldsCase: false } };
}
