import {
  GROWTH_DEFAULTS,
  RULE_DEFAULTS,
  ruleInputSchema,
  type Rule,
  type RuleInput,
} from '@everflame/contract';
import { formatValue } from '@everflame/flamegraph';
import { parseDuration, spellDuration } from '../../time/range.ts';

/** A rule as it stands in the form: everything is text until it is sent. */
export type RuleDraft = Readonly<typeof NEW_RULE>;

/** Problems by field of the form. */
export type DraftProblems = { -readonly [field in keyof RuleDraft]?: string };

/** A new rule about the live heap of every service, with the defaults of the API where it has some. */
export const NEW_RULE = {
  name: '',
  query: 'memory:inuse_space:bytes:space:bytes{}',
  groupBy: spellLabels(GROWTH_DEFAULTS.groupBy),
  window: spellDuration(GROWTH_DEFAULTS.windowMs),
  minGrowth: '64 MiB',
  minGrowthPercent: spellPercent(GROWTH_DEFAULTS.minGrowthRatio),
  holdFor: '1m',
  evaluateEvery: spellDuration(RULE_DEFAULTS.evaluateEveryMs),
  webhookUrl: '',
  enabled: true,
};

/** An existing rule for the form. */
export function draftOf(rule: Rule): RuleDraft {
  return {
    name: rule.name,
    query: rule.query,
    groupBy: spellLabels(rule.groupBy),
    window: spellDuration(rule.windowMs),
    minGrowth: spellAmount(rule.minGrowth, rule.query),
    minGrowthPercent: spellPercent(rule.minGrowthRatio),
    holdFor: rule.forMs === 0 ? '0s' : spellDuration(rule.forMs),
    evaluateEvery: spellDuration(rule.evaluateEveryMs),
    webhookUrl: rule.webhookUrl ?? '',
    enabled: rule.enabled,
  };
}

function spellLabels(names: readonly string[]): string {
  return names.join(', ');
}

function spellPercent(ratio: number): string {
  return String(Math.round(ratio * 100_000) / 1000);
}

const AMOUNT_UNITS: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  kib: 1024,
  mib: 1024 ** 2,
  gib: 1024 ** 3,
  tib: 1024 ** 4,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  k: 1e3,
  m: 1e6,
  g: 1e9,
};

/** Reads `64 MiB`, `1.5GB` or a plain number; null when it is none. */
export function parseAmount(text: string): number | null {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*$/i.exec(text);
  const factor = AMOUNT_UNITS[match?.[2]?.toLowerCase() ?? '?'];
  return match?.[1] === undefined || factor === undefined ? null : Number(match[1]) * factor;
}

/** Spells an amount so that `parseAmount` reads exactly it back: with a byte unit only where that is exact. */
function spellAmount(value: number, query: string): string {
  const text = query.includes(':bytes:') ? formatValue(value, 'bytes') : String(value);
  return parseAmount(text) === value ? text : String(value);
}

const FIELD_OF: Readonly<Record<string, keyof RuleDraft>> = {
  windowMs: 'window',
  minGrowth: 'minGrowth',
  minGrowthRatio: 'minGrowthPercent',
  forMs: 'holdFor',
  evaluateEveryMs: 'evaluateEvery',
};

/** The rule that a draft spells, or what is wrong with each field. */
export function readDraft(
  draft: RuleDraft,
): { readonly rule: RuleInput } | { readonly problems: DraftProblems } {
  const problems: DraftProblems = {};
  const parsed = ruleInputSchema.safeParse(inputOf(draft, problems));
  for (const issue of parsed.error?.issues ?? []) {
    const key = String(issue.path[0] ?? 'name');
    const field = FIELD_OF[key] ?? (key as keyof RuleDraft);
    problems[field] ??= PROBLEM_TEXT[field];
  }
  if (!parsed.success || Object.keys(problems).length > 0) return { problems };
  return { rule: parsed.data };
}

/** The rule of a draft before it is checked; what cannot be read at all goes to the problems. */
function inputOf(draft: RuleDraft, problems: DraftProblems) {
  const duration = (field: 'window' | 'holdFor' | 'evaluateEvery'): number => {
    const ms = parseDuration(draft[field]);
    if (ms === null) problems[field] = 'Write a duration such as 30s, 10m or 1h.';
    return ms ?? 0;
  };
  const amount = parseAmount(draft.minGrowth);
  if (amount === null) problems.minGrowth = 'Write an amount such as 64 MiB, or a plain number.';
  return {
    name: draft.name.trim(),
    query: draft.query.trim(),
    groupBy: draft.groupBy
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== ''),
    windowMs: duration('window'),
    minGrowth: amount ?? 1,
    minGrowthRatio: Number(draft.minGrowthPercent) / 100,
    forMs: duration('holdFor'),
    evaluateEveryMs: duration('evaluateEvery'),
    webhookUrl: draft.webhookUrl.trim() || null,
    enabled: draft.enabled,
  };
}

const PROBLEM_TEXT: Readonly<Record<keyof RuleDraft, string>> = {
  name: 'A rule needs a name of at most 128 characters.',
  query: 'Name a profile type, with matchers where needed.',
  groupBy: 'Name one to eight labels, separated by commas.',
  window: 'The window must be between 10 s and 7 d.',
  minGrowth: 'The growth must be more than 0.',
  minGrowthPercent: 'Write a percentage between 0 and 100000.',
  holdFor: 'At most 24 h.',
  evaluateEvery: 'Between 1 s and 1 h.',
  webhookUrl: 'Write an http or https address.',
  enabled: 'A rule is on or off.',
};
