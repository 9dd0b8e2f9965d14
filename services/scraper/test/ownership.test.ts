import { describe, expect, it } from 'vitest';
import { rendezvous } from '../src/adapters/redis-ownership.ts';

const keys = Array.from({ length: 300 }, (_, i) => `target-${i}`);
const members = ['a', 'b', 'c'];

describe('rendezvous', () => {
  it('gives every member a share', () => {
    const shares = members.map((member) => keys.filter((key) => rendezvous(key, members) === member).length);
    expect(Math.min(...shares)).toBeGreaterThan(60);
  });

  it('does not depend on the order of the members', () => {
    for (const key of keys) expect(rendezvous(key, ['c', 'a', 'b'])).toBe(rendezvous(key, members));
  });

  it('moves only the keys of a member that leaves', () => {
    for (const key of keys) {
      const before = rendezvous(key, members);
      if (before !== 'b') expect(rendezvous(key, ['a', 'c'])).toBe(before);
    }
  });

  it('has no owner without members', () => {
    expect(rendezvous('target', [])).toBeUndefined();
  });
});
