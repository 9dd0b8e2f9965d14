import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compilePattern } from '../src/index.ts';

const isAssertion = (text: string): boolean => ['\\b', '^', '$'].includes(text);

describe('compilePattern', () => {
  // Expected results are those of Go's regexp.MatchString.
  it.each([
    ['mallocgc', 'runtime.mallocgc', true],
    ['^runtime\\.', 'xruntime.gc', false],
    ['gc$', 'runtime.gc', true],
    ['\\(\\*T\\)', 'pkg.(*T).M', true],
    ['[^a-z]', 'abc', false],
    ['[]x]', ']', true],
    ['[^]]', ']', false],
    ['[a-]', '-', true],
    ['[[:upper:]_]+$', 'abc_X', true],
    ['[[:^alpha:]]', 'abc', false],
    ['\\d{2,3}$', 'v1', false],
    ['^\\d{2,3}$', '1234', false],
    ['a{0}b', 'b', true],
    ['^(ab|cd)+$', 'abcdab', true],
    ['^(ab|cd)*?$', 'abc', false],
    ['x{2,}', 'axx', true],
    ['a{,5}', 'a{,5}', true],
    ['a{', 'a{', true],
    ['(?i)JSON', 'encoding/json.Marshal', true],
    ['(?i:J)SON', 'json', false],
    ['a(?i)b|c', 'C', true],
    ['(a(?i)b)c', 'aBC', false],
    ['(?i)É', 'é', true],
    ['.', '\n', false],
    ['(?s).', '\n', true],
    ['a$', 'a\n', false],
    ['(?m)a$', 'a\nb', true],
    ['(?m)^b', 'a\nb', true],
    ['\\bgc\\b', 'runtime.gc()', true],
    ['\\bgc\\b', 'mallocgc', false],
    ['\\Bgc', 'mallocgc', true],
    ['\\Aab\\z', 'ab', true],
    ['\\Q(*T)\\E+', '(*T))', true],
    ['\\Qa.b', 'axb', false],
    ['^\\Qa.\\E?$', 'a', true],
    ['\\x41\\x{42}\\103\\t', 'ABC\t', true],
    ['\\pL\\p{Lu}\\P{Greek}', 'aBc', true],
    ['^\\p{Greek}$', 'α', true],
    ['^\\P{Greek}$', 'α', false],
    ['^.$', '😀', true],
    ['[😀-😂]', '😁', true],
    ['(?P<name>a)(?<other>b)', 'ab', true],
    ['\\w\\W\\s\\S\\D', 'a. xx', true],
    ['(|a)*b', 'aab', true],
    ['(a*)*$', 'b', true],
    ['a||b', 'c', true],
    ['\\.func\\d+(\\.\\d+)*$', 'main.f.func1.2', true],
  ])('%s on %j is %s', (pattern, text, expected) => {
    expect(compilePattern(pattern).test(text)).toBe(expected);
  });

  it.each([
    '(',
    ')',
    '[',
    '[b-a]',
    '*',
    '|*',
    '{2}',
    '(?i){2}',
    'a**',
    'a{2}{3}',
    'a{1001}',
    'a{3,2}',
    'a\\',
    '\\1',
    '(a)\\2',
    '(?=a)',
    '(?!a)',
    '(?<=a)',
    '(?<!a)',
    '(?x)',
    '(?P<a',
    '\\y',
    '\\pX',
    '\\p{Nothing}',
    '[[:nothing:]]',
    '[a-\\d]',
    '\\x{110000}',
    '\\xz',
    '((((((){1000}){1000}){1000}){1000}){1000}){1000}',
    '(((a{100}){100}){100}){100}',
    'a'.repeat(1025),
  ])('refuses %j as invalid_regex', (pattern) => {
    expect(() => compilePattern(pattern)).toThrow(
      expect.objectContaining({ code: 'invalid_regex', hint: expect.stringContaining('RE2') }),
    );
  });

  it('reads a character per step, however much a pattern can be split', () => {
    const text = `${'a'.repeat(100_000)}!`;
    expect(compilePattern('^(a+)+$').test(text)).toBe(false);
    expect(compilePattern('^(a|aa|a?)*b').test(text)).toBe(false);
  });

  it('goes on with fresh states after more of them than it keeps', () => {
    const pattern = compilePattern('a[ab]{12}c');
    const text = Array.from({ length: 20_000 }, (_, index) => ((index * index) % 7 < 3 ? 'a' : 'b')).join('');
    for (let round = 0; round < 3; round++) {
      expect(pattern.test(text)).toBe(false);
      expect(pattern.test(`${text}abababababababc`)).toBe(/a[ab]{12}c/.test(`${text}abababababababc`));
    }
  });

  it('agrees with RegExp where both have the same syntax', () => {
    const atom = fc.constantFrom(
      'a',
      'b',
      '.',
      '[ab]',
      '[^a]',
      '(a|b)',
      '(ab|)',
      '\\b',
      '^',
      '$',
      '(?:ba)',
      '\\w',
    );
    const repeat = fc.constantFrom('', '', '', '*', '+', '?', '{2}', '{1,2}', '{0,}', '*?');
    const piece = fc.tuple(atom, repeat).map(([text, times]) => (isAssertion(text) ? text : text + times));
    const source = fc
      .array(fc.oneof(piece, piece, fc.constant('|')), { maxLength: 8 })
      .map((pieces) => pieces.join(''));
    const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '.', ' ', '\n'), maxLength: 10 });
    fc.assert(
      fc.property(source, fc.array(text, { maxLength: 5 }), (pattern, texts) => {
        const compiled = compilePattern(pattern);
        const expected = new RegExp(pattern, 'u');
        for (const each of texts) expect(compiled.test(each)).toBe(expected.test(each));
      }),
      { numRuns: 500 },
    );
  });
});
