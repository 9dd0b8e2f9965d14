import { describe, expect, it } from 'vitest';
import { SeenSet } from '../src/application/flatten/seen-set.ts';

const scope = { lo: 7, hi: 8 };

describe('SeenSet', () => {
  it('is new once per id and scope', () => {
    const seen = new SeenSet(16);
    expect(seen.add(1, 2, scope)).toBe(true);
    expect(seen.add(1, 2, scope)).toBe(false);
    expect(seen.add(1, 2, { lo: 7, hi: 9 })).toBe(true);
    expect(seen.add(2, 1, scope)).toBe(true);
  });

  it('finds which ids were added, without adding any', () => {
    const seen = new SeenSet(16);
    const find = (of: typeof scope): number[] => {
      const found = new Uint8Array(3);
      seen.find(Uint32Array.of(1, 2, 0xffff_ffff), Uint32Array.of(2, 1, 0xffff_fffe), of, found);
      return [...found];
    };
    expect(find(scope)).toEqual([0, 0, 0]);
    expect(find(scope)).toEqual([0, 0, 0]);
    seen.add(1, 2, scope);
    seen.add(0xffff_ffff, 0xffff_fffe, scope);
    expect(find(scope)).toEqual([1, 0, 1]);
    expect(find({ lo: 7, hi: 9 })).toEqual([0, 0, 0]);
  });

  it('forgets everything when cleared', () => {
    const seen = new SeenSet(16);
    seen.add(1, 2, scope);
    seen.clear();
    expect(seen.add(1, 2, scope)).toBe(true);
  });

  it('never calls an id known that was not added, however full it is', () => {
    const seen = new SeenSet(16);
    const added = new Set<string>();
    for (let i = 0; i < 5000; i++) {
      const [lo, hi] = [Math.imul(i % 997, 0x9e3779b1) >>> 0, i % 13];
      if (!seen.add(lo, hi, scope)) expect(added.has(`${lo},${hi}`)).toBe(true);
      added.add(`${lo},${hi}`);
    }
  });
});
