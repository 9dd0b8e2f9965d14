import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  hash64FromDecimal,
  hash64ToDecimal,
  hash64ToHex,
  Hasher64,
  hashStrings,
  InvalidArgumentError,
  saltOf,
} from '../src/index.ts';

const salt = saltOf('anyone');
const hash64 = fc.record({
  lo: fc.integer({ min: 0, max: 0xffffffff }),
  hi: fc.integer({ min: 0, max: 0xffffffff }),
});

describe('64-bit hashes', () => {
  it('tell strings apart by where they end', () => {
    const texts = [['ab', 'c'], ['a', 'bc'], ['abc'], ['abc', ''], ['', 'abc'], ['abc\0']];
    expect(new Set(texts.map((text) => hash64ToHex(hashStrings(text)))).size).toBe(texts.length);
  });

  it('are the same over a string and over its UTF-8 bytes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const ofBytes = new Hasher64()
          .start(salt)
          .addBytes(new TextEncoder().encode(text))
          .finish()
          .toHash64();
        expect(hashStrings([text], salt)).toEqual(ofBytes);
      }),
    );
  });

  it('depend on the salt', () => {
    expect(hashStrings(['x'], saltOf('a'))).not.toEqual(hashStrings(['x'], saltOf('b')));
  });

  it('are the same in every release, because they are stored', () => {
    expect(hash64ToHex(hashStrings(['main.work', 'main.go']))).toMatchInlineSnapshot(`"721a5faa5a36a817"`);
    expect(hash64ToHex(saltOf('default'))).toMatchInlineSnapshot(`"8faccb32da41ea6d"`);
  });

  it('collide in no lane more often than chance', () => {
    const count = 200_000;
    const lo = new Set<number>();
    const hi = new Set<number>();
    const hasher = new Hasher64();
    for (let i = 0; i < count; i++) {
      hasher.startAt(1, 2).addWord(i).addWord(7).finish();
      lo.add(hasher.lo);
      hi.add(hasher.hi);
    }
    // count² / 2^33 = 4.7 collisions are expected of an ideal 32-bit lane.
    expect(count - lo.size).toBeLessThan(20);
    expect(count - hi.size).toBeLessThan(20);
  });

  it('are written as decimal numbers and read back', () => {
    fc.assert(
      fc.property(hash64, (hash) => {
        expect(hash64FromDecimal(hash64ToDecimal(hash))).toEqual(hash);
      }),
    );
    expect(hash64ToDecimal({ lo: 0xffffffff, hi: 0xffffffff })).toBe('18446744073709551615');
    expect(hash64ToHex({ lo: 0xa, hi: 1 })).toBe('000000010000000a');
  });

  it.each(['', '-1', '1.5', '18446744073709551616', '0x10', '99999999999999999999999'])(
    'cannot be read from %j',
    (text) => {
      expect(() => hash64FromDecimal(text)).toThrow(InvalidArgumentError);
    },
  );
});
