import { InvalidArgumentError } from '../errors.ts';

interface PatternFlags {
  readonly ignoreCase: boolean;
  readonly multiline: boolean;
  readonly dotAll: boolean;
}

/** Groups within groups; each takes room on the stack of whatever reads the pattern. RE2 takes 1,000. */
const MAX_DEPTH = 200;
const FLAGS = /([imsU]*)(?:-([imsU]+))?/y;
const NAME = /[A-Za-z0-9_]+>/y;

/** The error for a pattern that cannot be used. */
export function invalidRegex(source: string, reason: string, cause?: unknown): InvalidArgumentError {
  return new InvalidArgumentError(`The pattern "${source.slice(0, 100)}" is not valid: ${reason}.`, {
    code: 'invalid_regex',
    hint: 'Patterns have the syntax of RE2, as in go tool pprof: no look-around and no back-references, \\ before . ( ) [ ] * + ? { } | ^ $ to mean the character.',
    cause,
  });
}

/** A pattern while it is read, with the flags that hold at the current place. */
export class PatternText {
  readonly #source: string;
  #at = 0;
  #depth = 0;
  flags: PatternFlags = { ignoreCase: false, multiline: false, dotAll: false };

  constructor(source: string) {
    this.#source = source;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#source.length;
  }

  enterGroup(): void {
    if (++this.#depth > MAX_DEPTH) throw this.error(`groups are nested more than ${MAX_DEPTH} deep`);
  }

  leaveGroup(): void {
    this.#depth--;
  }

  /** The next character (code point); '' at the end. */
  peek(): string {
    const code = this.#source.codePointAt(this.#at);
    return code === undefined ? '' : String.fromCodePoint(code);
  }

  next(): string {
    const char = this.peek();
    if (char === '') throw this.error('it ends too early');
    this.#at += char.length;
    return char;
  }

  take(text: string): boolean {
    if (!this.#source.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }

  /** Takes what a sticky expression matches here. */
  takeMatch(sticky: RegExp): RegExpExecArray | undefined {
    sticky.lastIndex = this.#at;
    const match = sticky.exec(this.#source);
    if (match === null) return undefined;
    this.#at += match[0].length;
    return match;
  }

  /** The rest of a `\Q…\E`. */
  takeQuoted(): string {
    const end = this.#source.indexOf('\\E', this.#at);
    const quoted = this.#source.slice(this.#at, end < 0 ? undefined : end);
    this.#at += quoted.length + (end < 0 ? 0 : 2);
    return quoted;
  }

  takeName(): void {
    if (this.takeMatch(NAME) === undefined) throw this.error('a group has a bad name');
  }

  /** `i`, `m`, `s`, `U` and their negation; `U` swaps greedy and lazy, which changes no match. */
  takeFlags(): void {
    const [, on = '', off = ''] = this.takeMatch(FLAGS) ?? [];
    const isOn = (flag: string, before: boolean): boolean =>
      !off.includes(flag) && (before || on.includes(flag));
    const { ignoreCase, multiline, dotAll } = this.flags;
    this.flags = {
      ignoreCase: isOn('i', ignoreCase),
      multiline: isOn('m', multiline),
      dotAll: isOn('s', dotAll),
    };
  }

  error(reason: string): InvalidArgumentError {
    return invalidRegex(this.#source, `${reason} (at character ${this.#at})`);
  }
}
