import { describe, expect, it } from 'vitest';
import { SeenSet } from '../src/application/seen-set.ts';

describe('SeenSet', () => {
  it('is new once per id and scope', () => {
    const seen = new SeenSet(16);
    expect(seen.add(1, 2, 0)).toBe(true);
    expect(seen.add(1, 2, 0)).toBe(false);
    expect(seen.add(1, 2, 1)).toBe(true);
    expect(seen.add(2, 1, 0)).toBe(true);
  });

  it('forgets everything when cleared', () => {
    const seen = new SeenSet(16);
    seen.add(1, 2, 0);
    seen.clear();
    expect(seen.add(1, 2, 0)).toBe(true);
  });

  it('never calls an id known that was not added, however full it is', () => {
    const seen = new SeenSet(16);
    const added = new Set<string>();
    for (let i = 0; i < 5000; i++) {
      const [lo, hi] = [Math.imul(i % 997, 0x9e3779b1) >>> 0, i % 13];
      if (!seen.add(lo, hi, 0)) expect(added.has(`${lo},${hi}`)).toBe(true);
      added.add(`${lo},${hi}`);
    }
  });
});
