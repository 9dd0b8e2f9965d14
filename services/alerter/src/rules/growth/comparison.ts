import { formatSelector, type Matcher } from '@everflame/profile';
import type { Labels } from '../rule-kind.ts';
import type { Comparison } from './growth-ports.ts';
import { parseGaugeQuery } from './growth-selector.ts';

const MIN_WINDOW_SHARE = 0.3;

/**
 * Returns what shows the growth of an alert, as parameters of the query API and of the compare page alike: the first third
 * of the time since it began against the last third. The query is the rule's, narrowed to the group's label values.
 */
export function comparisonOf(
  { group, since }: { readonly group: Labels; readonly since: number },
  rule: { readonly query: string; readonly windowMs: number },
  nowMs: number,
): Comparison {
  const selector = parseGaugeQuery(rule.query);
  const own = Object.entries(group).map(([name, value]): Matcher => ({ name, op: '=', value }));
  const given = new Set(selector.matchers.map(matcherKey));
  const added = own.filter((matcher) => !given.has(matcherKey(matcher)));
  const from = Math.min(since, nowMs - MIN_WINDOW_SHARE * rule.windowMs);
  const third = (nowMs - from) / 3;
  const query = formatSelector({ ...selector, matchers: [...selector.matchers, ...added] });
  return {
    left_query: query,
    left_from: String(Math.floor(from)),
    left_to: String(Math.floor(from + third)),
    right_query: query,
    right_from: String(Math.floor(nowMs - third)),
    right_to: String(nowMs),
  };
}

/** Returns the address of the dashboard's page with the diff flame graph of a comparison. */
export function diffUrlOf(comparison: Comparison, dashboardUrl: string): string {
  return `${dashboardUrl.replace(/\/$/, '')}/compare?${new URLSearchParams({ ...comparison }).toString()}`;
}

function matcherKey({ name, op, value }: Matcher): string {
  return JSON.stringify([name, op, value]);
}
