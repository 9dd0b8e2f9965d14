import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkMatchers, checkPatterns, type Matcher } from '../src/index.ts';
import { MAX_REGEX_STEPS } from '../src/labels/matcher-cost.ts';
import { parseRegex } from '../src/pattern/pattern.ts';
import { patternCost } from '../src/pattern/pattern-cost.ts';

const regex = (value: string): Matcher => ({ name: 'a', op: '=~', value });
const REFUSED = expect.objectContaining({ kind: 'invalid', code: 'regex_too_expensive' }) as unknown;

describe('the cost of a pattern', () => {
  it.each([
    ['checkout', 8],
    ['a{1000}', 1000],
    ['(?i)ab', 4],
    ['\\pL', 550],
    ['a|b', 54],
    ['a?', 52],
  ])('of %s is %i, about', (pattern, cost) => {
    expect(Math.abs(patternCost(pattern) - cost)).toBeLessThanOrEqual(2);
  });

  it('is worked out without unfolding repeats', () => {
    expect(patternCost('((((((a{1000}){1000}){1000}){1000}){1000}){1000}){1000}')).toBeGreaterThan(1e20);
    expect(patternCost('((((((){1000}){1000}){1000}){1000}){1000}){1000}')).toBeGreaterThan(1e17);
    expect(patternCost('\\pL{1000}'.repeat(800))).toBeGreaterThan(1e8);
  });

  it('is not less than the steps of the program that is made of it', () => {
    const atom = fc.constantFrom(
      'a',
      '.',
      '[ab]',
      '[^a]',
      '(a|b)',
      '(ab|)',
      '\\b',
      '^',
      '(?i:x)',
      '\\d',
      '()',
    );
    const repeat = fc.constantFrom('', '', '*', '+', '?', '{3}', '{1,5}', '{2,}');
    const { pattern } = fc.letrec<{ pattern: string; piece: string }>((tie) => ({
      piece: fc.oneof(
        { maxDepth: 3 },
        fc.tuple(atom, repeat).map((parts) => parts.join('')),
        fc.tuple(tie('pattern'), repeat).map(([inner, times]) => `(?:${inner})${times}`),
      ),
      pattern: fc
        .array(fc.oneof(tie('piece'), fc.constant('|')), { maxLength: 4 })
        .map((parts) => parts.join('')),
    }));
    fc.assert(
      fc.property(pattern, (source) => {
        const cost = patternCost(source);
        if (cost < 100_000) expect(cost + 3).toBeGreaterThanOrEqual(parseRegex(source).programSize());
      }),
      { numRuns: 500 },
    );
  });
});

describe('the regular expressions of a selector', () => {
  it.each([
    'a{1000}'.repeat(11),
    '(a{1000}){1000}',
    '(a|b)*a(a|b){200}',
    '(a?b?){100}',
    '[ab]*a[ab]{200}',
    '\\pL{20}',
    '[^a]{300}',
    '((){1000}){1000}',
    'a?'.repeat(4000),
  ])('are refused where one costs too much: %s', (pattern) => {
    expect(() => checkMatchers([regex(pattern)])).toThrow(REFUSED);
    expect(() => checkMatchers([{ ...regex(pattern), op: '!~' }])).toThrow(REFUSED);
    expect(() => checkPatterns([pattern])).toThrow(REFUSED);
  });

  it('are refused where all of them together do', () => {
    const one = regex('[a-z]{10}');
    const most = Math.floor(MAX_REGEX_STEPS / patternCost(one.value));
    expect(() => checkMatchers(Array.from({ length: most }, () => one))).not.toThrow();
    expect(() => checkMatchers(Array.from({ length: most + 1 }, () => one))).toThrow(REFUSED);
  });

  it.each([
    'v2.*',
    'checkout-[0-9a-f]{64}',
    '.{1,90}',
    '(?i)v\\d+\\.\\d+\\.\\d+(-rc\\d+)?',
    `${'checkout-api|'.repeat(400)}x`,
    '[\\pL\\d_]+',
  ])('are taken as people write them: %s', (pattern) => {
    expect(() => checkMatchers([regex(pattern)])).not.toThrow();
  });

  it('are refused as a selector where they are none, and texts are not looked at', () => {
    for (const pattern of ['(', 'a**', '\\1', `${'('.repeat(4000)}a${')'.repeat(4000)}`]) {
      expect(() => checkMatchers([regex(pattern)])).toThrow(
        expect.objectContaining({ code: 'invalid_selector' }) as Error,
      );
      expect(() => checkMatchers([{ name: 'a', op: '=', value: pattern }])).not.toThrow();
    }
  });

  it('throw nothing but refusals, whatever they are', () => {
    const text = fc.string({
      unit: fc.constantFrom(...Array.from('ab()[]{}|*+?\\^$.,:-019iPpLQEé\u{1f600}')),
      maxLength: 300,
    });
    fc.assert(
      fc.property(text, (pattern) => {
        try {
          checkMatchers([regex(pattern)]);
        } catch (error) {
          expect(error).toMatchObject({
            code: expect.stringMatching(/^(invalid_selector|regex_too_expensive)$/) as string,
          });
        }
      }),
      { numRuns: 2000 },
    );
  });
});
