import { DomainError, normaliseProfile, ProfileDecoder, saltOf, StackFlattener } from '@everflame/profile';
import { mutateProfile, naiveTotals, SeededRandom } from '@everflame/testkit';
import { describe, expect, it } from 'vitest';
import { smallProfiles } from './support/profile-corpus.ts';

const CASES = 30_000;
const SEED = 20_261_123;

const files = smallProfiles(24_000);
const salt = saltOf('fuzz');

describe('damaged profiles', () => {
  it('are refused with a reason or add up to what they say', { timeout: 120_000 }, () => {
    const decoder = new ProfileDecoder();
    const flattener = new StackFlattener();
    const random = new SeededRandom(SEED);
    const outcomes = new Map<string, number>();
    for (let i = 0; i < CASES; i++) {
      const bytes = mutateProfile(random.pick(files), random.pick(files), random);
      const outcome = outcomeOf(bytes);
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    }
    expect(outcomes.get('accepted')).toBeGreaterThan(CASES / 10);
    expect(outcomes.get('value_too_large')).toBeGreaterThan(CASES / 100);
    expect(outcomes.get('malformed_profile')).toBeGreaterThan(CASES / 10);

    function outcomeOf(bytes: Uint8Array): string {
      try {
        const columns = decoder.decode(bytes);
        const flat = flattener.flatten(columns, { salt });
        const totals = flat.sampleTypes.map((_, type) =>
          flat.groups.reduce((sum, group) => sum + BigInt(group.columns[type]?.total ?? 0), 0n),
        );
        expect(totals).toEqual(naiveTotals(bytes));
        normaliseProfile(columns);
        flattener.flatten(columns, { salt });
        return 'accepted';
      } catch (error) {
        if (error instanceof DomainError) return error.code;
        throw error;
      }
    }
  });

  it('leave the decoder no larger than undamaged ones do', () => {
    const random = new SeededRandom(SEED + 1);
    const decoder = new ProfileDecoder();
    const held = (): number => bytesHeld(decoder.decode(files[0] ?? new Uint8Array()));
    const largest = Math.max(...files.map((file) => file.length));
    const before = held();
    for (let i = 0; i < 2000; i++) {
      try {
        decoder.decode(mutateProfile(random.pick(files), random.pick(files), random));
      } catch (error) {
        if (!(error instanceof DomainError)) throw error;
      }
    }
    expect(held() - before).toBeLessThan(40 * largest);
  });
});

function bytesHeld(value: object): number {
  return Object.values(value).reduce<number>(
    (sum, each: unknown) => sum + (ArrayBuffer.isView(each) ? each.byteLength : 0),
    0,
  );
}
