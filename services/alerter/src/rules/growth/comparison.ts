import { formatSelector, type Matcher } from '@everflame/profile';
import type { Labels } from '../rule-kind.ts';
import type { Comparison } from './growth-ports.ts';
import { parseGaugeQuery } from './growth-selector.ts';

const MIN_WINDOW_SHARE = 0.3;

/**
 * What shows the growth of an alert: the first third of the time since it began against the last third.
 * The query is the rule's, narrowed to the group's label values.
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
  return {
    query: formatSelector({ ...selector, matchers: [...selector.matchers, ...added] }),
    leftFrom: Math.floor(from),
    leftTo: Math.floor(from + third),
    rightFrom: Math.floor(nowMs - third),
    rightTo: nowMs,
  };
}

/** Returns the query parameters of a comparison, for the query API and for the compare page alike. */
export function comparisonParams(comparison: Comparison) {
  return {
    left_query: comparison.query,
    left_from: String(comparison.leftFrom),
    left_to: String(comparison.leftTo),
    right_query: comparison.query,
    right_from: String(comparison.rightFrom),
    right_to: String(comparison.rightTo),
  };
}

/** Returns the address of the dashboard's page with the diff flame graph of a comparison. */
export function diffUrlOf(comparison: Comparison, dashboardUrl: string): string {
  return `${dashboardUrl.replace(/\/$/, '')}/compare?${new URLSearchParams(comparisonParams(comparison)).toString()}`;
}

function matcherKey({ name, op, value }: Matcher): string {
  return JSON.stringify([name, op, value]);
}
