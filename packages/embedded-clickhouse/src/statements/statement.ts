import { CallGuard } from './call-guard.ts';
import { refuse } from '../exception.ts';
import { alwaysRefusedCalls } from './refused-calls.ts';
import { keyword, tokenize, type Token } from './statement-tokenizer.ts';

/** What the server must know of a statement before the engine sees it. Offsets are those of the analysed text. */
export interface Statement {
  /** An INSERT whose rows follow the statement, as opposed to INSERT … SELECT and everything else. */
  readonly insert: InsertWithRows | undefined;
  /** Only reads, so that nothing is half done when it is stopped. */
  readonly isSelect: boolean;
  /** Changes nothing, so that a GET may ask for it. */
  readonly isRead: boolean;
  /** Format named in the statement's FORMAT clause. */
  readonly format: string | undefined;
  /** Names of the `{name:Type}` placeholders. */
  readonly placeholders: ReadonlySet<string>;
  /** Those of them that stand for a name: `{name:Identifier}`. */
  readonly identifiers: ReadonlySet<string>;
  /** Length of the statement without a closing semicolon. */
  readonly end: number;
}

export interface InsertWithRows {
  /** Where `INSERT INTO t (columns)` ends. */
  readonly targetEnd: number;
  /** Where the SETTINGS clause starts and ends, if there is one. */
  readonly settings: { readonly start: number; readonly end: number } | undefined;
  readonly format: string;
  /** Where the rows start. */
  readonly rowsStart: number;
}

const readVerbs = new Set(['SELECT', 'WITH', 'SHOW', 'DESCRIBE', 'DESC', 'EXISTS', 'EXPLAIN']);
const sessionStatements = new Set(['SET', 'USE', 'BEGIN', 'COMMIT', 'ROLLBACK']);

/**
 * Finds the output format, the placeholders and, for an INSERT, where its rows start.
 * Refuses several statements in one request, what would outlive the request on a shared session, and calls of `refused`.
 */
export function analyseStatement(sql: string, refused: ReadonlySet<string> = alwaysRefusedCalls): Statement {
  const tokens = tokenize(sql);
  const first = tokens.next();
  if (first.done === true) throw refuse('SYNTAX_ERROR', 'Syntax error: the query is empty.');
  const verb = keyword(first.value);
  if (sessionStatements.has(verb)) {
    throw refuse(
      'SUPPORT_IS_DISABLED',
      `${verb} has no effect beyond one request. Send settings and the database as parameters of the request.`,
    );
  }
  const guard = new CallGuard(refused, verb);
  return new StatementReader(sql, first.value, tokens, guard).read(verb === 'INSERT');
}

class StatementReader {
  readonly #sql: string;
  readonly #tokens: Iterator<Token, void>;
  readonly #guard: CallGuard;
  readonly #placeholders = new Set<string>();
  readonly #identifiers = new Set<string>();
  readonly #recent: Token[] = [];
  readonly #isSelect: boolean;
  #isRead: boolean;
  #depth = 0;
  #end = 0;
  #format: string | undefined;

  constructor(sql: string, first: Token, rest: Iterator<Token, void>, guard: CallGuard) {
    this.#sql = sql;
    this.#tokens = rest;
    this.#guard = guard;
    this.#isSelect = ['SELECT', 'WITH'].includes(keyword(first));
    this.#isRead = readVerbs.has(keyword(first));
    this.#take(first);
  }

  read(isInsert: boolean): Statement {
    let settingsStart: number | undefined;
    let mayHaveRows = isInsert;
    for (let token = this.#next(); token !== undefined; token = this.#next()) {
      if (token.text === ';') return this.#finish(token);
      this.#refuseFiles(keyword(token));
      const word = this.#depth === 0 ? keyword(token) : '';
      if (word === 'INSERT') this.#isRead = false;
      if (mayHaveRows && this.#isPastTarget()) {
        if (startsRows.has(word)) return this.#insert(token, settingsStart);
        if (word === 'SETTINGS') settingsStart ??= token.start;
        mayHaveRows = !startsSelect.has(word);
      }
      this.#take(token);
    }
    return this.#statement(undefined);
  }

  #next(): Token | undefined {
    const result = this.#tokens.next();
    return result.done === true ? undefined : result.value;
  }

  /** Remembers the last three tokens: enough for `{ name :`, `FORMAT name` and `INSERT INTO name`. */
  #take(token: Token): void {
    this.#guard.take(token);
    if (keyword(token) === 'IDENTIFIER') this.#takeIdentifierType();
    if (token.kind === 'symbol') this.#takeSymbol(token);
    if (this.#depth === 0) this.#readFormat(token);
    this.#end = token.end;
    this.#recent.push(token);
    if (this.#recent.length > 3) this.#recent.shift();
  }

  /** `FORMAT name` counts where it ends the statement or SETTINGS follow; `SELECT format FROM t` is a column. */
  #readFormat(token: Token): void {
    const [beforeLast, last] = [this.#recent.at(-2), this.#recent.at(-1)];
    if (keyword(beforeLast) === 'FORMAT' && keyword(token) !== 'SETTINGS') this.#format = undefined;
    if (keyword(last) === 'FORMAT' && token.kind === 'word') this.#format = token.text;
  }

  #takeSymbol(token: Token): void {
    if ('([{'.includes(token.text)) this.#depth++;
    else if (')]}'.includes(token.text)) this.#depth--;
    else if (token.text === ':') {
      const [brace, name] = this.#recent.slice(-2);
      if (brace?.text === '{' && name?.kind === 'word') this.#placeholders.add(name.text);
    }
  }

  #takeIdentifierType(): void {
    const [name, colon] = this.#recent.slice(-2);
    if (colon?.text === ':' && name?.kind === 'word') this.#identifiers.add(name.text);
  }

  /** `INSERT INTO values FORMAT …` names a table: a clause starts only behind the table's name. */
  #isPastTarget(): boolean {
    const last = this.#recent.at(-1);
    if (last === undefined) return false;
    return !['INSERT', 'INTO', 'TABLE', 'FUNCTION', '.'].includes(keyword(last) || last.text);
  }

  #refuseFiles(word: string): void {
    const previous = this.#recent.at(-1);
    const clause = `${keyword(previous)} ${word}`;
    if (clause === 'INTO OUTFILE' || clause === 'FROM INFILE') {
      throw refuse('UNKNOWN_TYPE_OF_QUERY', `${word} is not possible over HTTP.`, 400);
    }
    if (word === 'TEMPORARY' && this.#recent.length === 1 && keyword(previous) === 'CREATE') {
      throw refuse(
        'SUPPORT_IS_DISABLED',
        'Temporary tables need a session, and requests share sessions here.',
      );
    }
  }

  #insert(clause: Token, settingsStart: number | undefined): Statement {
    let format = 'Values';
    let nameEnd = clause.end;
    if (keyword(clause) === 'FORMAT') {
      const name = this.#next();
      if (name?.kind !== 'word')
        throw refuse('SYNTAX_ERROR', 'Syntax error: FORMAT needs the name of a format.');
      format = name.text;
      nameEnd = name.end;
    }
    return this.#statement({
      targetEnd: settingsStart ?? clause.start,
      settings: settingsStart === undefined ? undefined : { start: settingsStart, end: clause.start },
      format,
      rowsStart: rowsStart(this.#sql, nameEnd),
    });
  }

  #finish(semicolon: Token): Statement {
    const next = this.#next();
    if (next !== undefined) {
      throw refuse(
        'SYNTAX_ERROR',
        `Syntax error (Multi-statements are not allowed): position ${semicolon.end}.`,
      );
    }
    return this.#statement(undefined);
  }

  #statement(insert: InsertWithRows | undefined): Statement {
    this.#guard.take(undefined);
    return {
      insert,
      isSelect: this.#isSelect,
      isRead: this.#isRead,
      format: this.#format,
      placeholders: this.#placeholders,
      identifiers: this.#identifiers,
      end: this.#end,
    };
  }
}

const startsRows: ReadonlySet<string> = new Set(['VALUES', 'FORMAT']);
const startsSelect: ReadonlySet<string> = new Set(['SELECT', 'WITH', 'FROM']);

/** As ClickHouse: blanks and one line end behind the format's name do not belong to the rows. */
function rowsStart(sql: string, nameEnd: number): number {
  const blank = /[ \t\f]*;?[ \t\f]*\r?\n?/y;
  blank.lastIndex = nameEnd;
  blank.test(sql);
  return blank.lastIndex;
}
