import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { csvLines, markdownLines } from '../src/application/answers/text-table.ts';

const csv = (...cells: (string | number | bigint | null)[]): string =>
  [...csvLines({ columns: [], rows: [cells] })].slice(1).join('');

describe('csvLines', () => {
  it.each([
    ['=1+1', "'=1+1"],
    ['+1', "'+1"],
    ['-1', "'-1"],
    ['@SUM(A1)', "'@SUM(A1)"],
    ['\t=1', '\\u0009=1'],
    ['\r=1', '\\u000d=1'],
    ['\u202e=1', '\\u202e=1'],
    ['plain', 'plain'],
    ['a,b', '"a,b"'],
    ['say "a"', '"say ""a"""'],
    ['a\nb', 'a\\u000ab'],
    ['=a,"b"', `"'=a,""b"""`],
  ])('writes %j as %j', (text, cell) => {
    expect(csv(text)).toBe(`${cell}\r\n`);
  });

  it('writes numbers with all their digits, negative ones as they are', () => {
    expect(csv(-1.5, 2n ** 60n, 0, null)).toBe('-1.5,1152921504606846976,0,\r\n');
  });
});

describe('markdownLines', () => {
  it('keeps any text within its cell', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const lines = [...markdownLines({ columns: ['a', 'b'], rows: [[text, 1]] })].join('').split('\n');
        expect(lines.length).toBe(4);
        expect(lines[2]?.replace(/\\./gs, '').split('|').length).toBe(4);
      }),
    );
  });

  it('takes markup for what it is', () => {
    const [, , row] = markdownLines({ columns: ['a'], rows: [['<b>[x](y)|`z`\r\n*\u202e']] });
    expect(row).toBe('| \\<b\\>\\[x\\](y)\\|\\`z\\`\\\\u000d\\\\u000a\\*\\\\u202e |\n');
  });
});
