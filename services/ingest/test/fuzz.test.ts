import { DomainError, normaliseProfile, PprofDecoder, saltOf, StackFlattener } from '@everflame/profile';
import { mutateProfile, naiveTotals, SeededRandom } from '@everflame/testkit';
import { describe, expect, it } from 'vitest';
import { smallProfiles } from './support/profile-corpus.ts';

const CASES = 20_000;
const SEED = 20_261_123;

const files = smallProfiles(24_000);
const salt = saltOf('fuzz');

describe('damaged profiles', () => {
  it('are refused with a reason or add up to what they say', { timeout: 120_000 }, () => {
    const decoder = new PprofDecoder();
    const flattener = new StackFlattener();
    const random = new SeededRandom(SEED);
    const outcomes = new Map<string, number>();
    for (let i = 0; i < CASES; i++) {
      const bytes = mutateProfile(random.pick(files), random.pick(files), random);
      const outcome = outcomeOf(bytes);
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    }
    process.stderr.write(`${JSON.stringify(Object.fromEntries(outcomes))}\n`);
    expect(outcomes.get('accepted')).toBeGreaterThan(CASES / 10);
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
});
