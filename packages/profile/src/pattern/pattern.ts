import { hasChar } from './char-set.ts';
import { compileProgram, type Program } from './compile-program.ts';
import { parsePattern, type Assertion } from './parse-pattern.ts';
import { invalidRegex } from './pattern-text.ts';

/** A text matcher; a `RegExp` without the `g` and `y` flags is one too. */
export interface Pattern {
  readonly source: string;
  /** Whether the pattern occurs anywhere in the text. */
  test(text: string): boolean;
}

const MAX_LENGTH = 1024;
const MAX_STEPS = 2000;
const MAX_STATES = 1000;
const HAS_OPERATOR = /[\\^$.*+?()[\]{}|]/;

/**
 * Compiles a pattern in RE2's syntax. Matching takes time proportional to the text, whatever the pattern is, so that
 * patterns of strangers are safe. Throws `invalid_regex` with what is wrong, also above 1024 characters.
 */
export function compilePattern(source: string): Pattern {
  if (source.length > MAX_LENGTH) throw invalidRegex(source, `it is longer than ${MAX_LENGTH} characters`);
  if (!HAS_OPERATOR.test(source)) return { source, test: (text) => text.includes(source) };
  const program = compileProgram(parsePattern(source), MAX_STEPS);
  if (program === undefined) throw invalidRegex(source, 'its repeats make it too large');
  return new AutomatonPattern(source, program);
}

const END = -1;
const TEXT_START = 0;
const AFTER_NEWLINE = 1;
const AFTER_WORD = 2;
const AFTER_OTHER = 3;
const UNKNOWN = 0;
const MATCHED = -1;

/** The steps that may come next, before assertions are looked at, and what the character before was. */
interface State {
  readonly starts: readonly number[];
  readonly before: number;
  /** State number + 1 by ASCII character, the end of the text at 128; `UNKNOWN` or `MATCHED`. */
  readonly next: Int32Array;
}

/** Runs all alternatives at once; the sets of alternatives that occur are remembered as states. */
class AutomatonPattern implements Pattern {
  readonly source: string;
  readonly #program: Program;
  #states: State[] = [];
  #numbers = new Map<string, number>();
  // Marks by step, so that no set has to be emptied between characters.
  readonly #openedIn: Float64Array;
  readonly #addedIn: Float64Array;
  #round = 0;

  constructor(source: string, program: Program) {
    this.source = source;
    this.#program = program;
    this.#openedIn = new Float64Array(program.steps.length);
    this.#addedIn = new Float64Array(program.steps.length);
  }

  test(text: string): boolean {
    let state = this.#stateOf([this.#program.start], TEXT_START);
    for (let index = 0; index < text.length; index++) {
      const code = text.codePointAt(index) ?? 0;
      if (code > 0xffff) index++;
      const next = this.#advance(state, code);
      if (next === MATCHED) return true;
      state = next;
    }
    return this.#advance(state, END) === MATCHED;
  }

  /** The number of the next state, or `MATCHED` when the pattern ends before `code`. */
  #advance(number: number, code: number): number {
    const state = this.#states[number] as State;
    // Characters beyond ASCII are rare in names and not remembered.
    const column = code === END ? 128 : code < 128 ? code : -1;
    const known = state.next[column] ?? UNKNOWN;
    if (known !== UNKNOWN) return known === MATCHED ? MATCHED : known - 1;
    const next = this.#step(state, code);
    if (column >= 0) state.next[column] = next === MATCHED ? MATCHED : next + 1;
    return next;
  }

  #step(state: State, code: number): number {
    const { steps, start } = this.#program;
    const round = ++this.#round;
    const open = [...state.starts];
    const next = [start];
    this.#addedIn[start] = round;
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      const step = steps[at];
      if (step === undefined || this.#openedIn[at] === round) continue;
      this.#openedIn[at] = round;
      if (step.kind === 'match') return MATCHED;
      if (step.kind === 'split') open.push(step.either, step.or);
      else if (step.kind === 'assert') {
        if (HOLDS[step.assertion](state.before, code)) open.push(step.next);
      } else if (this.#addedIn[step.next] !== round && code !== END && hasChar(step.set, code)) {
        this.#addedIn[step.next] = round;
        next.push(step.next);
      }
    }
    next.sort((a, b) => a - b);
    return this.#stateOf(next, contextAfter(code));
  }

  #stateOf(starts: readonly number[], before: number): number {
    const key = `${before}:${starts.join(',')}`;
    let number = this.#numbers.get(key);
    if (number === undefined) {
      if (this.#states.length >= MAX_STATES) {
        this.#states = [];
        this.#numbers = new Map();
      }
      number = this.#states.push({ starts, before, next: new Int32Array(129) }) - 1;
      this.#numbers.set(key, number);
    }
    return number;
  }
}

const HOLDS: Readonly<Record<Assertion, (before: number, code: number) => boolean>> = {
  text_start: (before) => before === TEXT_START,
  text_end: (_before, code) => code === END,
  line_start: (before) => before === TEXT_START || before === AFTER_NEWLINE,
  line_end: (_before, code) => code === END || code === 0x0a,
  word: (before, code) => (before === AFTER_WORD) !== isWord(code),
  not_word: (before, code) => (before === AFTER_WORD) === isWord(code),
};

function contextAfter(code: number): number {
  if (code === 0x0a) return AFTER_NEWLINE;
  return isWord(code) ? AFTER_WORD : AFTER_OTHER;
}

function isWord(code: number): boolean {
  return (
    (code >= 0x61 && code <= 0x7a) ||
    (code >= 0x41 && code <= 0x5a) ||
    (code >= 0x30 && code <= 0x39) ||
    code === 0x5f
  );
}
