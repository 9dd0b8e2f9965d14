import { checkPatterns, compilePattern, InvalidArgumentError } from '@everflame/profile';
import type { TagCondition } from '@everflame/storage';

/** `tagfocus` and `tagignore` of a request. */
export interface TagParams {
  readonly tagfocus?: string | undefined;
  readonly tagignore?: string | undefined;
}

const RANGE = /^(?=.*\d)(?:[+-]?\d+[A-Za-z]*)?:?(?:[+-]?\d+[A-Za-z]*)?$/;

/**
 * The conditions of pprof's `-tagfocus` and `-tagignore`: labels of samples became labels of series, so they select
 * series. `key=a,b` takes series whose label `key` matches one of the expressions; without `key=` each expression has to
 * match some `key:value`. Throws `invalid_regex`, `regex_too_expensive`, and `invalid_argument` for ranges of numbers,
 * since numeric labels are not stored.
 */
export function parseTags({ tagfocus, tagignore }: TagParams): readonly TagCondition[] {
  const tags = [parseTag('tagfocus', tagfocus, false), parseTag('tagignore', tagignore, true)];
  return tags.filter((tag) => tag !== undefined);
}

function parseTag(parameter: string, text: string | undefined, isIgnored: boolean): TagCondition | undefined {
  if (text === undefined || text === '') return undefined;
  const equals = text.indexOf('=');
  const key = equals < 1 ? undefined : text.slice(0, equals);
  const value = text.slice(equals + 1);
  if (RANGE.test(value)) {
    throw new InvalidArgumentError(`${parameter}: numeric labels are not kept, so a range selects nothing.`, {
      hint: 'Give key=regex or a regex. A number as text can be written as [4]2.',
    });
  }
  const patterns = value.split(',').map((pattern) => compilePattern(pattern).source);
  checkPatterns(patterns);
  return { key, patterns, isIgnored };
}
