import { refuse } from '../exception.ts';

/** One lexeme of a statement; `start` and `end` are offsets into the text it was read from. */
export interface Token {
  readonly kind: 'word' | 'string' | 'quoted-identifier' | 'symbol';
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

const skipped = /(?:\s|--[^\n]*|\/\/[^\n]*|#[ !][^\n]*)+/y;
const commentEdge = /\/\*|\*\//g;
const word = /\w+/y;

/**
 * Reads the lexemes of a ClickHouse statement lazily, skipping white space and comments.
 * Follows ClickHouse's lexer where it decides what is *not* code: `'…'`, `"…"` and backquotes with backslash escapes,
 * and the comments `--`, `//`, `# `, `#!` and nested block comments. Unterminated ones reach to the end. Throws where the
 * two could part: at a dollar sign (`a$b$` is a name, ` $b$` starts a string) and at blanks and quotes beyond ASCII.
 * The consumer may stop early; nothing behind the last token taken is looked at, so binary data may follow.
 */
export function* tokenize(sql: string): Generator<Token, void> {
  let position = 0;
  while (position < sql.length) {
    const afterBlank = sql.startsWith('/*', position)
      ? commentEnd(sql, position)
      : matchEnd(skipped, sql, position);
    if (afterBlank !== undefined) {
      position = afterBlank;
      continue;
    }
    const token = readToken(sql, position);
    yield token;
    position = token.end;
  }
}

/** The word in capitals; empty for everything else. */
export function keyword(token: Token | undefined): string {
  return token?.kind === 'word' ? token.text.toUpperCase() : '';
}

/** The name that an identifier stands for, in small letters. Throws for an escape, which could spell any name. */
export function nameOf(token: Token | undefined): string | undefined {
  if (token?.kind === 'word') return token.text.toLowerCase();
  if (token?.kind !== 'quoted-identifier') return undefined;
  if (token.text.includes('\\')) {
    throw refuse(
      'SYNTAX_ERROR',
      'Syntax error: a quoted identifier has an escape; send the name as a {name:Identifier}.',
    );
  }
  return token.text.slice(1, -1).toLowerCase();
}

function commentEnd(sql: string, start: number): number {
  commentEdge.lastIndex = start;
  let depth = 0;
  for (let edge = commentEdge.exec(sql); edge !== null; edge = commentEdge.exec(sql)) {
    depth += edge[0] === '/*' ? 1 : -1;
    if (depth === 0) return commentEdge.lastIndex;
  }
  return sql.length;
}

function readToken(sql: string, start: number): Token {
  const first = sql.charAt(start);
  const make = (kind: Token['kind'], end: number): Token => ({
    kind,
    text: sql.slice(start, end),
    start,
    end,
  });
  if (first === "'") return make('string', quotedEnd(sql, start));
  if (first === '"' || first === '`') return make('quoted-identifier', quotedEnd(sql, start));
  if (first === '$' || first > '\u007f') {
    throw refuse(
      'SYNTAX_ERROR',
      `Syntax error: position ${start + 1} has a character that is taken in quotes only.`,
    );
  }
  const wordEnd = matchEnd(word, sql, start);
  return wordEnd === undefined ? make('symbol', start + 1) : make('word', wordEnd);
}

function quotedEnd(sql: string, start: number): number {
  const quote = sql.charAt(start);
  for (let at = start + 1; at < sql.length; at++) {
    const character = sql.charAt(at);
    if (character === '\\') at++;
    else if (character === quote) {
      if (sql.charAt(at + 1) !== quote) return at + 1;
      at++;
    }
  }
  return sql.length;
}

function matchEnd(pattern: RegExp, text: string, at: number): number | undefined {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : undefined;
}
