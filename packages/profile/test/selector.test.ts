import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatSelector, InvalidSelectorError, parseProfileType, parseSelector } from '../src/index.ts';

const CPU = 'process_cpu:cpu:nanoseconds:cpu:nanoseconds';

describe('parseSelector', () => {
  it('reads a profile type with matchers', () => {
    expect(parseSelector(`${CPU}{service_name="checkout",version=~"v2.*"}`)).toEqual({
      profileType: parseProfileType(CPU),
      matchers: [
        { name: 'service_name', op: '=', value: 'checkout' },
        { name: 'version', op: '=~', value: 'v2.*' },
      ],
    });
  });

  it.each([
    ['{}', []],
    ['  { a != "b" , } ', [{ name: 'a', op: '!=', value: 'b' }]],
    [`{a!~'b"c'}`, [{ name: 'a', op: '!~', value: 'b"c' }]],
    ['{k8s.pod.name=`a\\d`}', [{ name: 'k8s.pod.name', op: '=', value: 'a\\d' }]],
    ['{a="\\\\d\\"\\n{}"}', [{ name: 'a', op: '=', value: '\\d"\n{}' }]],
  ])('reads %s', (text, matchers) => {
    expect(parseSelector(text)).toEqual({ matchers });
  });

  it('reads a profile type without matchers, and one given as a matcher', () => {
    const profileType = parseProfileType(CPU);
    expect(parseSelector(CPU)).toEqual({ profileType, matchers: [] });
    expect(parseSelector(`{__profile_type__="${CPU}",a="b"}`)).toEqual({
      profileType,
      matchers: [{ name: 'a', op: '=', value: 'b' }],
    });
  });

  it.each([
    ['', 'empty'],
    ['{', 'position 2'],
    ['{a', 'position 3'],
    ['{a=b}', 'Expected a quoted value, but there is "b" at position 4'],
    ['{a="b" c="d"}', 'position 8'],
    ['{a="b"} x', 'Expected the end, but there is "x" at position 9'],
    ['{a="b', 'never closed at position 4'],
    ['{a=~"\\d"}', 'not an escape at position 6'],
    ['{9="b"}', 'Expected a label name'],
    ['{,}', 'Expected a label name'],
    ['nonsense{a="b"}', 'not a profile type'],
    ['{__profile_type__=~"x"}', 'only be matched'],
    [`${CPU}{__profile_type__="memory:a:b:c:d"}`, 'two profile types'],
    [`{a="${'x'.repeat(9000)}"}`, '8192'],
    [`{${'a="b",'.repeat(65)}}`, '64'],
  ])('refuses %s', (text, message) => {
    expect(() => parseSelector(text)).toThrow(InvalidSelectorError);
    expect(() => parseSelector(text)).toThrow(message);
  });

  it('reads back what formatSelector writes', () => {
    const matcher = fc.record({
      name: fc.constantFrom('a', '_x', 'service_name', 'k8s.pod.name', 'A9'),
      op: fc.constantFrom('=', '!=', '=~', '!~'),
      value: fc.string({ unit: 'binary', maxLength: 40 }),
    });
    const selector = fc.record(
      { profileType: fc.constant(parseProfileType(CPU)), matchers: fc.array(matcher, { maxLength: 6 }) },
      { requiredKeys: ['matchers'] },
    );
    fc.assert(
      fc.property(selector, (value) => {
        const parsed = parseSelector(formatSelector(value));
        expect(parsed).toEqual(value);
      }),
    );
  });

  it('throws nothing but InvalidSelectorError', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...Array.from('{}=!~"\'`\\a,. :\n')) }), (text) => {
        try {
          parseSelector(text);
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidSelectorError);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
