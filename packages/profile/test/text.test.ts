import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { visibleText } from '../src/index.ts';

describe('visibleText', () => {
  it.each([
    ['runtime.mallocgc', 'runtime.mallocgc'],
    ['ünïcode 漢字 😀 “q”', 'ünïcode 漢字 😀 “q”'],
    ['a\u202egnp.exe', 'a\\u202egnp.exe'],
    ['a\nb\tc\0', 'a\\u000ab\\u0009c\\u0000'],
    ['\u001b[31mred', '\\u001b[31mred'],
    ['\u0085\u009b', '\\u0085\\u009b'],
    ['\u2066x\u2069\u200e\u200f\u061c', '\\u2066x\\u2069\\u200e\\u200f\\u061c'],
    ['a\u200bb\ufeff\u2028\u3164', 'a\\u200bb\\ufeff\\u2028\\u3164'],
    ['\ud800x\udc00', '\\ud800x\\udc00'],
    ['\u{e0041}', '\\u{e0041}'],
  ])('shows %j as %s', (text, shown) => {
    expect(visibleText(text)).toBe(shown);
  });

  it('leaves nothing that hides or turns text, and changes nothing twice', () => {
    const text = fc.string({
      unit: fc.oneof(
        fc.constantFrom('\u202e', '\u2066', '\u200b', '\0', '\u009b', '\ud83d', 'a', 'é', '😀'),
        fc.integer({ min: 0, max: 0x10_ffff }).map((code) => String.fromCodePoint(code)),
      ),
      maxLength: 30,
    });
    fc.assert(
      fc.property(text, (name) => {
        const shown = visibleText(name);
        expect(shown).not.toMatch(/[\p{Cc}\p{Bidi_Control}\p{Cs}\u200b-\u200f\ufeff]/u);
        expect(visibleText(shown)).toBe(shown);
      }),
      { numRuns: 1000 },
    );
  });
});
