import { refuse } from '../exception.ts';
import { allowedEngines, refusedFunctions } from './refused-calls.ts';
import { keyword, nameOf, type Token } from './statement-tokenizer.ts';

/**
 * Finds engines that are not allowed and calls of refused functions in the tokens of a statement. A function is called
 * where `(` follows, behind APPLY, and as the argument of a function: `arrayMap(file, […])`. A column of that name is refused there too, unless it is qualified.
 */
export class CallGuard {
  readonly #refused: ReadonlySet<string>;
  readonly #makesTables: boolean;
  readonly #recent: (Token | undefined)[] = [];
  /** An INSERT has not come to its rows or its SELECT yet, so that a list in brackets names columns. */
  #isInsertTarget: boolean;
  #depth = 0;

  constructor(refused: ReadonlySet<string>, verb: string) {
    this.#refused = refused;
    this.#isInsertTarget = verb === 'INSERT';
    this.#makesTables = ['CREATE', 'REPLACE', 'ATTACH'].includes(verb);
  }

  /** Takes the next token, or undefined for the end; throws where the one before it is a refused call. */
  take(token: Token | undefined): void {
    const name = nameOf(this.#recent.at(-1));
    if (name !== undefined && this.#refused.has(name) && this.#isCall(name, token)) throw denied(name);
    this.#refuseEngine(token);
    this.#follow(token);
    this.#recent.push(token);
    if (this.#recent.length > 3) this.#recent.shift();
  }

  #follow(token: Token | undefined): void {
    if (token?.kind === 'symbol') {
      if (token.text === '(') this.#depth++;
      else if (token.text === ')') this.#depth--;
    } else if (this.#depth === 0 && endOfTarget.has(keyword(token))) this.#isInsertTarget = false;
  }

  #refuseEngine(token: Token | undefined): void {
    if (!this.#makesTables || this.#depth > 0) return;
    const engine = this.#engineAt(token);
    if (engine !== undefined && !allowedEngines.has(engine)) throw denied(`The engine ${engine}`);
  }

  /** The name behind `ENGINE` or `ENGINE =`. */
  #engineAt(token: Token | undefined): string | undefined {
    const [before, last] = this.#recent.slice(-2);
    const clause = last?.text === '=' ? before : last;
    return keyword(clause) === 'ENGINE' ? nameOf(token) : undefined;
  }

  #isCall(name: string, next: Token | undefined): boolean {
    if (next?.text === '(') return true;
    if (!refusedFunctions.has(name)) return false;
    if (keyword(this.#recent.at(-2)) === 'APPLY') return true;
    return this.#depth > 0 && !this.#isColumn() && isWholeArgument(next);
  }

  /** Whether the last name is that of a column: qualified, under a CAST, or in the list of an INSERT. */
  #isColumn(): boolean {
    const [beforeLast, before] = [this.#recent.at(-3), this.#recent.at(-2)];
    const isCast = before?.text === '(' && keyword(beforeLast) === 'CAST';
    return before?.text === '.' || isCast || (this.#isInsertTarget && this.#depth === 1);
  }
}

function denied(what: string): Error {
  return refuse('ACCESS_DENIED', `Not enough privileges. ${what} cannot be used here.`);
}

const endOfTarget: ReadonlySet<string> = new Set([
  'SELECT',
  'WITH',
  'FROM',
  'VALUES',
  'SETTINGS',
  'FORMAT',
  'FUNCTION',
]);

function isWholeArgument(next: Token | undefined): boolean {
  return next === undefined || next.text === ',' || next.text === ')' || keyword(next) === 'AS';
}
