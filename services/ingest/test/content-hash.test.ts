import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { contentHash } from '../src/application/flatten/content-hash.ts';

describe('the hash of what was pushed', () => {
  it('is that of the bytes, wherever they lie', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(7), (bytes, offset) => {
        const moved = new Uint8Array(bytes.length + offset + 3).fill(0xff);
        moved.set(bytes, offset);
        expect(contentHash(moved.subarray(offset, offset + bytes.length))).toEqual(contentHash(bytes));
      }),
    );
  });

  it('differs when any one byte does, and when bytes are missing', () => {
    const bytes = Uint8Array.from({ length: 67 }, (_, i) => (i * 37) & 0xff);
    const hashes = new Set([JSON.stringify(contentHash(bytes))]);
    for (let at = 0; at < bytes.length; at++) {
      hashes.add(JSON.stringify(contentHash(bytes.with(at, (bytes[at] ?? 0) ^ 0x80))));
      hashes.add(JSON.stringify(contentHash(bytes.subarray(0, at))));
    }
    expect(hashes.size).toBe(1 + 2 * bytes.length);
  });

  it('does not see zeros in place of nothing', () => {
    const zeros = Array.from({ length: 40 }, (_, length) =>
      JSON.stringify(contentHash(new Uint8Array(length))),
    );
    expect(new Set(zeros).size).toBe(40);
  });

  it('spreads bytes that hardly differ', () => {
    const lows = new Set<number>();
    const highs = new Set<number>();
    const bytes = new Uint8Array(64);
    const view = new DataView(bytes.buffer);
    for (let i = 0; i < 20_000; i++) {
      view.setUint32(4 * (i % 16), i, true);
      const { lo, hi } = contentHash(bytes);
      lows.add(lo);
      highs.add(hi);
    }
    expect(lows.size).toBeGreaterThan(19_995);
    expect(highs.size).toBeGreaterThan(19_995);
  });
});
