import { checkPatterns, compilePattern, InvalidArgumentError } from '@everflame/profile';
import type { SeriesFilter, TagCondition } from '@everflame/storage';

/** `tagfocus` and `tagignore` of a request. */
export interface TagParams {
  readonly tagfocus?: string | undefined;
  readonly tagignore?: string | undefined;
}

const RANGE = /^(?=.*\d)(?:[+-]?\d+[A-Za-z]*)?:?(?:[+-]?\d+[A-Za-z]*)?$/;

/**
 * Narrows a filter by pprof's `-tagfocus` and `-tagignore`: labels of samples became labels of series, so they select
 * series. `key=a,b` takes series whose label `key` matches one of the expressions; without `key=` each expression has to
 * match some `key:value`. Throws `invalid_regex`, `regex_too_expensive`, and `invalid_argument` for ranges of numbers, which are not kept.
 */
export function withTags<F extends SeriesFilter>(filter: F, params: TagParams): F {
  const tags = [tagOf('tagfocus', params.tagfocus, false), tagOf('tagignore', params.tagignore, true)].filter(
    (tag) => tag !== undefined,
  );
  return tags.length === 0 ? filter : { ...filter, tags };
}

function tagOf(parameter: string, text: string | undefined, isIgnored: boolean): TagCondition | undefined {
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
