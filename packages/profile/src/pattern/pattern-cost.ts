import { InvalidArgumentError } from '../errors.ts';

/** Groups within groups; each takes room on the stack of whatever reads the pattern. RE2 takes 1,000. */
const MAX_DEPTH = 200;
/**
 * Where a text can go on in more than one way, what follows may be true in many places at once: then each character of
 * the text is compared with all of the pattern.
 */
const STEPS_PER_CHOICE = 50;
/** Of a range of characters that are more than a byte in UTF-8, about. */
const STEPS_PER_WIDE_RANGE = 4;
/** A class such as \\p{L} has some hundred ranges. */
const STEPS_PER_PROPERTY = 500;
/** A group that captures notes where it begins and ends. */
const STEPS_PER_CAPTURE = 2;
/** Of a named class such as \\w or [:alnum:], at most. */
const RANGES_OF_NAMED = 4;

const GROUP = /\((?:\?(?:P?<\w*>|([imsU]*)(?:-([imsU]*))?([:)])))?/y;
const CLASS = /\[(?:\^?\])?(?:\[:\^?\w{1,10}:\]|\\[^]|[^\]\\])*\]/uy;
const ATOM = /\\Q[^]*?(?:\\E|$)|\\[pP](?:\{[^}]{0,40}\}|[^])|\\x\{[^}]{0,40}\}|\\[^]|[^]/uy;
const REPEAT = /(?:([*+?])|\{(\d+)(?:(,)(\d*))?\})\??/y;
const MEMBER =
  /\[:\^?\w+:\]|\\[pP](?:\{[^}]{0,40}\}|[^])|\\x\{[^}]{0,40}\}|(?:\\[^]|[^])(?:-(?:\\[^]|[^]))?/gu;
const NAMED = /^\\[dswDSW]|^\[:/;
const WIDE = /[^\0-\x7f]|\\x\{|\\[DSW]|\[:\^/;
/** What stands for more than one character of ASCII. */
const SET = /^(?:\.|\\[pPdswDSW]|\\x\{)|[^\0-\x7f]/;

/** The error for a pattern that cannot be used. */
export function invalidRegex(source: string, reason: string, cause?: unknown): InvalidArgumentError {
  return new InvalidArgumentError(`The pattern "${source.slice(0, 100)}" is not valid: ${reason}.`, {
    code: 'invalid_regex',
    hint: 'Patterns have the syntax of RE2, as in go tool pprof: no look-around and no back-references, \\ before . ( ) [ ] * + ? { } | ^ $ to mean the character.',
    cause,
  });
}

/**
 * Returns what a pattern costs an automaton over the bytes of UTF-8, such as that of RE2, in steps of a plain character;
 * worked out without making them, so that it takes time proportional to the pattern. Of a pattern that is not valid it is
 * any number, or it throws `invalid_regex`, as for groups that are nested too deep.
 */
export function patternCost(source: string): number {
  return new CostReader(source).options();
}

class CostReader {
  readonly #source: string;
  #offset = 0;
  #depth = 0;
  #ignoresCase = false;

  constructor(source: string) {
    this.#source = source;
  }

  /** Returns the cost of what follows up to the end of the group. */
  options(): number {
    if (++this.#depth > MAX_DEPTH) {
      throw invalidRegex(this.#source, `groups are nested more than ${MAX_DEPTH} deep`);
    }
    let options = 1;
    let cost = 1;
    while (this.#offset < this.#source.length) {
      const char = this.#source[this.#offset];
      if (char === ')') break;
      if (char === '|') {
        options++;
        this.#offset++;
      } else cost += this.#repeated(char === '(' ? this.#group() : this.#atom());
    }
    this.#offset++;
    this.#depth--;
    return options === 1 ? cost : cost + options + STEPS_PER_CHOICE;
  }

  #take(sticky: RegExp): RegExpExecArray | undefined {
    sticky.lastIndex = this.#offset;
    const match = sticky.exec(this.#source) ?? undefined;
    this.#offset += match?.[0].length ?? 0;
    return match;
  }

  #group(): number {
    const [, on = '', off = '', end] = this.#take(GROUP) ?? [];
    const outer = this.#ignoresCase;
    this.#ignoresCase = (outer || on.includes('i')) && !off.includes('i');
    if (end === ')') return 0;
    const cost = this.options() + (end === undefined ? STEPS_PER_CAPTURE : 0);
    this.#ignoresCase = outer;
    return cost;
  }

  #atom(): number {
    if (this.#source[this.#offset] !== '[') return this.#charCost(this.#take(ATOM)?.[0] ?? '');
    const members = this.#take(CLASS)?.[0];
    if (members === undefined) throw invalidRegex(this.#source, 'a [ has no ]');
    return this.#classCost(members.slice(1, -1));
  }

  #charCost(atom: string): number {
    const isQuoted = atom.startsWith('\\Q');
    if (!isQuoted && SET.test(atom)) return this.#classCost(atom === '.' ? '^\n' : atom);
    const chars = isQuoted ? atom.length : 1;
    return this.#ignoresCase ? 2 * chars : chars;
  }

  #classCost(members: string): number {
    let steps = members.startsWith('^') ? STEPS_PER_WIDE_RANGE : 0;
    for (const [member] of members.replace('^', '').matchAll(MEMBER)) {
      if (/^\\p/i.test(member)) steps += STEPS_PER_PROPERTY;
      else steps += NAMED.test(member) ? RANGES_OF_NAMED : 1;
      if (WIDE.test(member)) steps += STEPS_PER_WIDE_RANGE;
    }
    return STEPS_PER_CHOICE + (this.#ignoresCase ? 2 * steps : steps);
  }

  /** Returns the cost of a part as often as the repeat that follows says, if one does. */
  #repeated(cost: number): number {
    const repeat = this.#take(REPEAT);
    if (repeat === undefined) return cost;
    const [, sign, count, comma, last] = repeat;
    const min = sign === undefined ? Number(count) : sign === '+' ? 1 : 0;
    const isOpen = sign === '*' || sign === '+' || (comma !== undefined && last === '');
    // `x{2,}` is x, x and a loop over x; what may be absent has a step that leaves it out.
    const copies = isOpen ? min + 1 : sign === '?' ? 1 : Number(last ?? count);
    return 1 + copies * cost + Math.max(0, copies - min) * STEPS_PER_CHOICE;
  }
}
