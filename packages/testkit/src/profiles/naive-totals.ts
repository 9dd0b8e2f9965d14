import { readPacked, splitFields } from './wire-fields.ts';

const SAMPLE_TYPE = 1;
const SAMPLE = 2;
const VALUE = 2;

/**
 * The sum of all values per sample type of an uncompressed profile, found in the plainest way: an oracle for decoders.
 * It checks nothing; throws where there is no protobuf.
 */
export function naiveTotals(bytes: Uint8Array): bigint[] {
  const fields = splitFields(bytes);
  const totals = fields.filter(({ field }) => field === SAMPLE_TYPE).map(() => 0n);
  for (const { field, value } of fields) {
    if (field !== SAMPLE || typeof value === 'bigint') continue;
    valuesOf(value).forEach((each, type) => {
      totals[type] = (totals[type] ?? 0n) + BigInt.asIntN(64, each);
    });
  }
  return totals;
}

function valuesOf(sample: Uint8Array): bigint[] {
  return splitFields(sample)
    .filter(({ field }) => field === VALUE)
    .flatMap(({ value }) => (typeof value === 'bigint' ? [value] : readPacked(value)));
}
