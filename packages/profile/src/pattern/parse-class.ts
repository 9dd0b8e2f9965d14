import { type CharSet, complementOf, PERL_CLASSES, POSIX_CLASSES, type Ranges } from './char-set.ts';
import type { PatternText } from './pattern-text.ts';

const POSIX = /\[:(\^?)(\w+):\]/y;
const HEX = /\{([0-9A-Fa-f]{1,6})\}|([0-9A-Fa-f]{2})/y;
const OCTAL = /0[0-7]{0,2}|[1-7][0-7]{1,2}/y;
const PROPERTY = /\{(\^?)(\w+)\}|([A-Z])/y;
const CONTROL: Readonly<Record<string, number>> = { a: 7, f: 12, t: 9, n: 10, r: 13, v: 11 };

interface Members {
  readonly ranges: Ranges;
  readonly properties: RegExp[];
}

/** What follows a `\` outside of brackets. */
export function parseEscape(text: PatternText): CharSet {
  const members = { ranges: [], properties: [] };
  if (!takeClassEscape(text, members)) addChar(members, takeEscapedChar(text));
  return { ...members, isNegated: false, foldsCase: text.flags.ignoreCase };
}

/** What follows a `[`. */
export function parseClass(text: PatternText): CharSet {
  const isNegated = text.take('^');
  const members: Members = { ranges: [], properties: [] };
  let isFirst = true;
  while (isFirst || text.peek() !== ']') {
    if (text.isAtEnd) throw text.error('a [ has no ]');
    isFirst = false;
    parseMember(text, members);
  }
  text.next();
  return { ...members, isNegated, foldsCase: text.flags.ignoreCase };
}

function parseMember(text: PatternText, members: Members): void {
  const posix = text.takeMatch(POSIX);
  if (posix !== undefined) {
    const named = POSIX_CLASSES[posix[2] ?? ''];
    if (named === undefined) throw text.error(`there is no class ${posix[0]}`);
    members.ranges.push(...(posix[1] === '^' ? complementOf(named) : named));
    return;
  }
  let low: number;
  if (text.take('\\')) {
    if (takeClassEscape(text, members)) return;
    low = takeEscapedChar(text);
  } else low = codeOf(text.next());
  if (!text.take('-')) return addChar(members, low);
  if (text.peek() === ']') {
    addChar(members, low);
    return addChar(members, codeOf('-'));
  }
  const high = text.take('\\') ? takeEscapedChar(text) : codeOf(text.next());
  if (high < low) throw text.error('a range is the wrong way round');
  members.ranges.push([low, high]);
}

/** `\d`, `\pL` and the like; false when the escape is one character. */
function takeClassEscape(text: PatternText, members: Members): boolean {
  const char = text.peek();
  const perl = PERL_CLASSES[char];
  if (perl !== undefined) {
    text.next();
    members.ranges.push(...perl);
    return true;
  }
  if (char !== 'p' && char !== 'P') return false;
  text.next();
  const [, caret = '', long, short] = text.takeMatch(PROPERTY) ?? [];
  const property = propertyOf(long ?? short ?? '', (char === 'P') !== (caret === '^'));
  if (property === undefined) throw text.error('there is no such Unicode class');
  members.properties.push(property);
  return true;
}

function propertyOf(name: string, isNegated: boolean): RegExp | undefined {
  if (name === 'Any') return isNegated ? /[^]^/u : /[^]/u;
  const letter = isNegated ? 'P' : 'p';
  for (const key of ['General_Category', 'Script']) {
    try {
      return new RegExp(`^\\${letter}{${key}=${name}}$`, 'u');
    } catch {
      continue;
    }
  }
  return undefined;
}

function takeEscapedChar(text: PatternText): number {
  if (text.take('x')) {
    const hex = text.takeMatch(HEX);
    const code = Number.parseInt(hex?.[1] ?? hex?.[2] ?? '', 16);
    if (!(code <= 0x10_ffff)) throw text.error('\\x has a bad number');
    return code;
  }
  const octal = text.takeMatch(OCTAL);
  if (octal !== undefined) return Number.parseInt(octal[0], 8);
  const char = text.next();
  const control = CONTROL[char];
  if (control !== undefined) return control;
  if (/[1-9]/.test(char)) throw text.error('back-references are not supported');
  if (/[A-Za-z0-9]/.test(char) || codeOf(char) >= 0x80) throw text.error(`\\${char} has no meaning`);
  return codeOf(char);
}

function addChar(members: Members, code: number): void {
  members.ranges.push([code, code]);
}

function codeOf(char: string): number {
  return char.codePointAt(0) ?? 0;
}
