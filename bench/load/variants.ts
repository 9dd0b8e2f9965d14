import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { type ProfileColumns, ProfileDecoder, selectSampleTypes } from '@everflame/profile';
import { gunzipBounded } from '@everflame/service-kit';

const SAMPLES = 500;
const VARIANTS = 12;
/** Share of samples that differ from scrape to scrape. */
const CHURN = 0.05;

/** A profile of one kind that a service sends, encoded several times with other values and a few other stacks. */
export interface VariantSet {
  readonly profileName: string;
  readonly payloads: readonly Buffer[];
}

/** Real profiles with at least 500 samples, and which two sample types of them are sent. */
const BASES = [
  { file: 'webapp.cpu10s', profileName: 'process_cpu', keep: [0, 1] },
  { file: 'webapp.allocs.6', profileName: 'memory', keep: [0, 1] },
  { file: 'typesvcdef.cpu15s', profileName: 'process_cpu', keep: [0, 1] },
  { file: 'typesvcdef.allocs.3', profileName: 'memory', keep: [0, 1] },
  { file: 'contend.cpu10s', profileName: 'process_cpu', keep: [0, 1] },
] as const;

/** Mulberry32: the same profiles on every machine. */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Encodes all variants beforehand, so that sending them costs little. */
export function encodeVariants(): readonly VariantSet[] {
  const random = randomFrom(42);
  return BASES.map(({ file, profileName, keep }) => {
    const url = new URL(`../../../testdata/corpus/own/go/${file}.pb.gz`, import.meta.url);
    const columns = new ProfileDecoder().decode(gunzipBounded(readFileSync(url), 64 << 20));
    const payloads = Array.from({ length: VARIANTS }, () =>
      gzipSync(selectSampleTypes(columns, { keep, values: varied(columns, keep, random) }), { level: 1 }),
    );
    return { profileName, payloads };
  });
}

/** The values of about 500 samples, most of them the same ones each time; those of all others are 0. */
function varied(columns: ProfileColumns, keep: readonly number[], random: () => number): Float64Array {
  const { sampleCount, sampleTypes, values } = columns;
  const types = sampleTypes.length;
  const isUsed = (sample: number): boolean => keep.some((type) => values[sample * types + type] !== 0);
  const used = Array.from({ length: sampleCount }, (_, sample) => sample).filter(isUsed);
  const stable = used.slice(0, Math.floor(SAMPLES * (1 - CHURN)));
  const rest = used.slice(stable.length);
  const others = Array.from(
    { length: SAMPLES - stable.length },
    () => rest[Math.floor(random() * rest.length)] ?? 0,
  );
  const changed = new Float64Array(sampleCount * types);
  for (const sample of [...stable, ...others]) {
    for (const type of keep) {
      const value = values[sample * types + type] ?? 0;
      changed[sample * types + type] = Math.max(1, Math.round(value * (0.5 + random())));
    }
  }
  return changed;
}
