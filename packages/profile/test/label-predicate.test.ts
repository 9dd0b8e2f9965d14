import { describe, expect, it } from 'vitest';
import { labelPredicate, LabelSet, parseSelector } from '../src/index.ts';

function matches(selector: string, labels: Record<string, string>): boolean {
  return labelPredicate(parseSelector(selector).matchers)(LabelSet.of(labels));
}

describe('labelPredicate', () => {
  it.each([
    ['{}', { env: 'dev' }, true],
    ['{env="dev"}', { env: 'dev' }, true],
    ['{env="dev"}', { env: 'Dev' }, false],
    ['{env="dev"}', {}, false],
    ['{env=""}', {}, true],
    ['{env!="dev"}', {}, true],
    ['{env!="dev"}', { env: 'dev' }, false],
    ['{env=~"dev|test.*"}', { env: 'test-7' }, true],
    ['{env=~"ev"}', { env: 'dev' }, false],
    ['{env=~".*"}', {}, true],
    ['{env=~".+"}', {}, false],
    ['{env=~"a.b"}', { env: 'a\nb' }, true],
    ['{env!~"dev|test"}', { env: 'testing' }, true],
    ['{env!~"dev|test"}', { env: 'test' }, false],
    ['{env="dev",team=~"a.*"}', { env: 'dev', team: 'abc' }, true],
    ['{env="dev",team=~"a.*"}', { env: 'dev', team: 'bc' }, false],
  ] as const)('%s on %j: %s', (selector, labels, expected) => {
    expect(matches(selector, { ...labels })).toBe(expected);
  });

  it.each(['a)|(b', '(?=a)', '[', '(a)\\1'])('refuses %s', (value) => {
    expect(() => labelPredicate([{ name: 'env', op: '=~', value }])).toThrow(
      expect.objectContaining({ code: 'invalid_regex' }),
    );
  });
});
