import type { ClickHouseSettings } from '@clickhouse/client';
import { InvalidArgumentError, LABEL_SERVICE_NAME, type Matcher, type TimeRange } from '@everflame/profile';
import { dayText, type SqlParams } from '../sql.ts';

/** Which series, of one tenant, within `[fromMs, toMs)`. */
export interface SeriesFilter extends TimeRange {
  readonly tenant: string;
  /** All profile types where absent. */
  readonly profileTypeId?: string | undefined;
  readonly matchers: readonly Matcher[];
  /** None where absent. */
  readonly tags?: readonly TagCondition[] | undefined;
}

/**
 * Series by their labels as pprof selects samples by their tags: with a key, any of the expressions has to match the value
 * of that label; without one, each has to match some `name:value`. Expressions may match anywhere in the text.
 */
export interface TagCondition {
  readonly key?: string | undefined;
  readonly patterns: readonly string[];
  /** Takes the series that do not fulfil it. */
  readonly isIgnored: boolean;
}

/** Which profiles, of one tenant and one type. */
export interface ProfileFilter extends SeriesFilter {
  readonly profileTypeId: string;
}

/**
 * Settings of queries over `profiles`. Rows are few and wide, so without the first ClickHouse reads them on one
 * thread; rows of one profile never lie in two partitions, hence the second.
 */
export const PROFILE_READ_SETTINGS: ClickHouseSettings = {
  merge_tree_min_rows_for_concurrent_read: '1024',
  do_not_merge_across_partitions_select_final: 1,
};

/** ClickHouse's `Date` ends in 2149. */
const LAST_MS = Date.UTC(2149, 0, 1);

/** Conditions on the table `profiles`. Labels other than the service are looked up in `series`, inside the same query. */
export function profileConditions(filter: SeriesFilter, params: SqlParams): string[] {
  const { fromMs, toMs } = checkedRange(filter);
  return [
    ...selectorConditions(filter, params),
    `ts >= fromUnixTimestamp64Milli(${params.bind('from', 'Int64', fromMs)}, 'UTC')`,
    `ts < fromUnixTimestamp64Milli(${params.bind('to', 'Int64', toMs)}, 'UTC')`,
  ];
}

/** Conditions on profiles of any level: all but those on time. */
export function selectorConditions(filter: SeriesFilter, params: SqlParams): string[] {
  const conditions = [`tenant = ${params.bind('tenant', 'String', filter.tenant)}`];
  if (filter.profileTypeId !== undefined) {
    conditions.push(`type = ${params.bind('type', 'String', filter.profileTypeId)}`);
  }
  const exactServices = filter.matchers.filter((matcher) => isServiceMatcher(matcher) && matcher.op === '=');
  conditions.push(...exactServices.map((matcher) => matcherCondition(matcher, filter, params)));
  const hasTags = (filter.tags?.length ?? 0) > 0;
  if (exactServices.length === filter.matchers.length && !hasTags) return conditions;
  const matching = seriesConditions(filter, params).join(' AND ');
  // The key begins with the service: naming the services lets ClickHouse skip all others.
  if (exactServices.length === 0) {
    conditions.push(`service IN (SELECT DISTINCT service FROM series WHERE ${matching})`);
  }
  if (hasTags || !filter.matchers.every(isServiceMatcher)) {
    conditions.push(`fp IN (SELECT DISTINCT fp FROM series WHERE ${matching})`);
  }
  return conditions;
}

/** Conditions on the table `series`, which has a row per series and UTC day. */
export function seriesConditions(filter: SeriesFilter, params: SqlParams): string[] {
  const conditions = dayConditions(filter, params);
  if (filter.profileTypeId !== undefined) {
    conditions.push(`type = ${params.bind('type', 'String', filter.profileTypeId)}`);
  }
  conditions.push(...filter.matchers.map((matcher) => matcherCondition(matcher, filter, params)));
  for (const [i, tag] of (filter.tags ?? []).entries()) {
    conditions.push(tagCondition(tag, params.scoped(`tag${i}`)));
  }
  return conditions;
}

// `.` stops at line ends, as in Go.
function tagCondition({ key, patterns, isIgnored }: TagCondition, params: SqlParams): string {
  const values = patterns.map((pattern, i) => params.bind(`pattern${i}`, 'String', `(?-s:${pattern})`));
  const not = isIgnored ? 'NOT ' : '';
  if (key === undefined) {
    const each = values.map(
      (value) =>
        `arrayExists((k, v) -> match(concat(k, ':', v), ${value}), mapKeys(labels), mapValues(labels))`,
    );
    return `${not}(${each.join(' AND ')})`;
  }
  const name = params.bind('key', 'String', key);
  const any = values.map((value) => `match(labels[${name}], ${value})`);
  return `${not}(mapContains(labels, ${name}) AND (${any.join(' OR ')}))`;
}

/** Conditions on tables with a row per day, without labels. */
function dayConditions(filter: SeriesFilter, params: SqlParams): string[] {
  const { fromMs, toMs } = checkedRange(filter);
  return [
    `tenant = ${params.bind('tenant', 'String', filter.tenant)}`,
    `day >= ${params.bind('from_day', 'Date', dayText(fromMs))}`,
    `day <= ${params.bind('to_day', 'Date', dayText(toMs - 1))}`,
  ];
}

export function isServiceMatcher(matcher: Matcher): boolean {
  return matcher.name === LABEL_SERVICE_NAME;
}

/** The services that the filter names as they are: with several of them nothing matches. */
export function exactServices({ matchers }: SeriesFilter): string[] {
  return matchers
    .filter((matcher) => isServiceMatcher(matcher) && matcher.op === '=')
    .map(({ value }) => value);
}

/** The value of the label `name` of a row of `series`; `''` where it has none. */
export function labelExpression(name: string, placeholder: string, params: SqlParams): string {
  return name === LABEL_SERVICE_NAME ? 'service' : `labels[${params.bind(placeholder, 'String', name)}]`;
}

// Regular expressions are anchored as in Prometheus, and `.` matches line ends there as it does in ClickHouse.
function matcherCondition(matcher: Matcher, filter: SeriesFilter, params: SqlParams): string {
  const prefix = `matcher${filter.matchers.indexOf(matcher)}`;
  const label = labelExpression(matcher.name, `${prefix}_name`, params);
  const isRegex = matcher.op === '=~' || matcher.op === '!~';
  const value = params.bind(`${prefix}_value`, 'String', isRegex ? `^(?:${matcher.value})$` : matcher.value);
  // The second, constant part is evaluated even where there are no rows: a wrong expression never passes for no match.
  if (isRegex)
    return `${matcher.op === '!~' ? 'NOT ' : ''}match(${label}, ${value}) AND match('', ${value}) < 2`;
  return `${label} ${matcher.op} ${value}`;
}

/** The range within what ClickHouse can hold; throws `invalid_range` for an empty one. */
export function checkedRange(filter: SeriesFilter): TimeRange {
  const { fromMs, toMs } = filter;
  if (!Number.isSafeInteger(fromMs) || !Number.isSafeInteger(toMs) || fromMs >= toMs) {
    throw new InvalidArgumentError(`The range from ${fromMs} to ${toMs} is empty or not in Unix ms.`, {
      code: 'invalid_range',
    });
  }
  const from = Math.min(Math.max(fromMs, 0), LAST_MS - 1);
  return { fromMs: from, toMs: Math.max(Math.min(toMs, LAST_MS), from + 1) };
}
