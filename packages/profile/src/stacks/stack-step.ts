import { mixWord } from '../hash64.ts';

/**
 * The factor of a frame's step in the low lane, from the high half of its hash, so that the two lanes are independent.
 * It is 1 modulo 4: of n equal steps in a row, as in recursion, no more is lost than the factors of 2 in n.
 */
export function stepFactorLow(frameHi: number): number {
  return (mixWord(frameHi ^ 0x27d4eb2f) & ~3) | 1;
}

/** The factor of a frame's step in the high lane, from the low half of its hash. */
export function stepFactorHigh(frameLo: number): number {
  return (mixWord(frameLo ^ 0x165667b1) & ~3) | 1;
}
