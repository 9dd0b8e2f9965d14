import { compilePattern, InvalidArgumentError, type Matcher, type Pattern } from '@everflame/profile';
import { type ClickHouse, labelNames, labelValues, type SeriesFilter } from '@everflame/storage';
import { alternationOf } from './alternation.ts';

/** `tagfocus` and `tagignore` of a request. */
export interface TagParams {
  readonly tagfocus?: string | undefined;
  readonly tagignore?: string | undefined;
}

/** Longest alternation that is sent to ClickHouse. */
const MAX_ALTERNATION_CHARS = 16_384;
const RANGE = /^(?=.*\d)(?:[+-]?\d+[A-Za-z]*)?:?(?:[+-]?\d+[A-Za-z]*)?$/;
/** No series has it. */
const NOTHING: readonly Matcher[] = [
  { name: 'service_name', op: '=', value: '' },
  { name: 'service_name', op: '!=', value: '' },
];

/**
 * Narrows a filter by pprof's `-tagfocus` and `-tagignore`: labels of samples became labels of series, so they select
 * series. `key=a,b` takes series whose label `key` matches one of the expressions; without `key=` each expression has to
 * match some `key:value`. Throws `invalid_regex`, and `ambiguous_tag` where an expression without a key meets values of
 * several labels, which no selector can say.
 */
export async function withTags<F extends SeriesFilter>(
  clickhouse: ClickHouse,
  filter: F,
  params: TagParams,
): Promise<F> {
  const focus = parseTag('tagfocus', params.tagfocus);
  const ignore = parseTag('tagignore', params.tagignore);
  const found: Matcher[] = [];
  if (focus !== undefined) found.push(...(await focusMatchers(clickhouse, filter, focus)));
  if (ignore !== undefined) found.push(...(await ignoreMatchers(clickhouse, filter, ignore)));
  return found.length === 0 ? filter : { ...filter, matchers: [...filter.matchers, ...found] };
}

interface Tag {
  readonly parameter: string;
  readonly key: string | undefined;
  readonly patterns: readonly Pattern[];
}

function parseTag(parameter: string, text: string | undefined): Tag | undefined {
  if (text === undefined || text === '') return undefined;
  const equals = text.indexOf('=');
  const key = equals < 0 ? undefined : text.slice(0, equals);
  const value = text.slice(equals + 1);
  if (RANGE.test(value)) {
    throw new InvalidArgumentError(`${parameter}: numeric labels are not kept, so a range selects nothing.`, {
      hint: 'Give key=regex or a regex. A number as text can be written as [4]2.',
    });
  }
  return { parameter, key: key === '' ? undefined : key, patterns: value.split(',').map(compilePattern) };
}

async function focusMatchers(clickhouse: ClickHouse, filter: SeriesFilter, tag: Tag): Promise<Matcher[]> {
  if (tag.key !== undefined) {
    return [
      { name: tag.key, op: '!=', value: '' },
      { name: tag.key, op: '=~', value: anywhere(tag.patterns) },
    ];
  }
  const matchers: Matcher[] = [];
  for (const pattern of tag.patterns) {
    const hits = await labelsWith(clickhouse, filter, pattern);
    if (hits.length > 1) throw ambiguous(tag, hits);
    const [hit] = hits;
    if (hit === undefined) return [...NOTHING];
    matchers.push({ name: hit.name, op: '=~', value: alternation(tag, hit.values) });
  }
  return matchers;
}

async function ignoreMatchers(clickhouse: ClickHouse, filter: SeriesFilter, tag: Tag): Promise<Matcher[]> {
  const { key, patterns } = tag;
  if (key !== undefined) {
    if (patterns.some((pattern) => pattern.test(''))) {
      throw new InvalidArgumentError(`${tag.parameter}: the expression matches the empty text.`, {
        code: 'invalid_regex',
        hint: `To drop every series with the label, write ${key}="" into the selector.`,
      });
    }
    return [{ name: key, op: '!~', value: anywhere(patterns) }];
  }
  const [pattern, ...more] = patterns;
  if (pattern === undefined) return [];
  const hits = await labelsWith(clickhouse, filter, pattern);
  if (more.length > 0) throw ambiguous(tag, hits);
  return hits.map(({ name, values }): Matcher => ({ name, op: '!~', value: alternation(tag, values) }));
}

interface Hit {
  readonly name: string;
  readonly values: readonly string[];
}

/** The labels with a `key:value` that matches, and their values. */
async function labelsWith(clickhouse: ClickHouse, filter: SeriesFilter, pattern: Pattern): Promise<Hit[]> {
  const names = await labelNames(clickhouse, filter);
  const hits = await Promise.all(
    names.map(async (name) => {
      const { items, truncated } = await labelValues(clickhouse, filter, name);
      const values = items.filter((value) => pattern.test(`${name}:${value}`));
      if (truncated && values.length > 0) throw tooMany(name);
      return { name, values };
    }),
  );
  return hits.filter(({ values }) => values.length > 0);
}

/** Matches a value in which any of the patterns occurs; `.` stops at line ends within them, as in Go. */
function anywhere(patterns: readonly Pattern[]): string {
  return `(?s:.*)(?:${patterns.map(({ source }) => `(?-s:${source})`).join('|')})(?s:.*)`;
}

function alternation(tag: Tag, values: readonly string[]): string {
  const text = alternationOf(values);
  if (text.length > MAX_ALTERNATION_CHARS) throw tooMany(tag.parameter);
  return text;
}

function ambiguous(tag: Tag, hits: readonly Hit[]): InvalidArgumentError {
  const names = hits.map(({ name }) => name).join(', ');
  return new InvalidArgumentError(
    `${tag.parameter} without a key meets values of several labels: ${names}.`,
    {
      code: 'ambiguous_tag',
      hint: `Write which label is meant: ${tag.parameter}=key=regex.`,
    },
  );
}

function tooMany(name: string): InvalidArgumentError {
  return new InvalidArgumentError(`${name} matches too many values of labels.`, {
    code: 'ambiguous_tag',
    hint: 'Write which label is meant, key=regex, or narrow the selector.',
  });
}
