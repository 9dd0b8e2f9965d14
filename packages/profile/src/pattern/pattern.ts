import { RE2JS, RE2JSException } from 're2js';
import { invalidRegex, patternCost } from './pattern-cost.ts';

/** A text matcher; a `RegExp` without the `g` and `y` flags is one too. */
export interface Pattern {
  readonly source: string;
  /** Whether the pattern occurs anywhere in the text. */
  test(text: string): boolean;
}

const MAX_LENGTH = 1024;
/** Bounds the program that is made of a pattern, and with it time and memory (ADR 0021). */
const MAX_COST = 50_000;
const HAS_OPERATOR = /[\\^$.*+?()[\]{}|]/;

/**
 * Compiles a pattern in RE2's syntax. Matching takes time proportional to the text, whatever the pattern is, so that
 * patterns of strangers are safe. Throws `invalid_regex` with what is wrong, also above 1024 characters.
 */
export function compilePattern(source: string): Pattern {
  if (source.length > MAX_LENGTH) throw invalidRegex(source, `it is longer than ${MAX_LENGTH} characters`);
  if (!HAS_OPERATOR.test(source)) return { source, test: (text) => text.includes(source) };
  if (patternCost(source) > MAX_COST) throw invalidRegex(source, 'its repeats make it too large');
  const regex = parseRegex(source);
  return { source, test: (text) => regex.test(text) };
}

/** Throws `invalid_regex`. Compiling takes time in proportion to `patternCost`, so look at that first. */
export function parseRegex(source: string): RE2JS {
  try {
    return RE2JS.compile(source);
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    const reason = error.message
      .replace('error parsing regexp: ', '')
      .replace('invalid or unsupported Perl syntax', 'look-around and the like are not supported');
    throw invalidRegex(source, reason, error);
  }
}
