// Measures what one ingest thread does to a profile: gunzip, decode, flatten. One thread, warm, on the profiles that a
// scraper gets from our Go programs. Each profile counts with its fastest of all rounds, so that what else the machine
// does matters little; the line "wall" is the median of whole rounds, with everything else included.
import { readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { PprofDecoder, saltOf, StackFlattener } from '@everflame/profile';
import { Profile } from 'pprof-format';

const WARM_UP_ROUNDS = 30;
const ROUNDS = 150;
const SLOW_ROUNDS = 15;
const MAX_GUNZIPPED_BYTES = 64 << 20;

const folder = new URL('../../testdata/corpus/own/go/', import.meta.url);
const zipped = readdirSync(folder)
  .filter((name) => name.endsWith('.pb.gz') && !name.startsWith('leaky'))
  .map((name) => readFileSync(new URL(name, folder)));

/** The last four bytes of a gzip file are its size unzipped, which spares the growing of the output. */
function gunzip(bytes: Buffer): Buffer {
  const size = Math.min(bytes.readUInt32LE(bytes.length - 4), MAX_GUNZIPPED_BYTES);
  return gunzipSync(bytes, { chunkSize: Math.max(64, size + 16), maxOutputLength: MAX_GUNZIPPED_BYTES });
}

const raw = zipped.map(gunzip);
const columns = raw.map((bytes) => new PprofDecoder().decode(bytes));
const samples = columns.reduce((sum, profile) => sum + profile.sampleCount, 0);
const rawBytes = raw.reduce((sum, bytes) => sum + bytes.length, 0);
const decoder = new PprofDecoder();
const flattener = new StackFlattener();
const salt = saltOf('default');

interface Figures {
  readonly profilesPerSecond: number;
  readonly wallProfilesPerSecond: number;
  readonly microsPerProfile: number;
  readonly microsPerSample: number;
}

function measure<T>(
  name: string,
  inputs: readonly T[],
  run: (input: T) => unknown,
  rounds = ROUNDS,
): Figures {
  const fastest = new Float64Array(inputs.length).fill(Infinity);
  const walls: number[] = [];
  for (let round = -Math.min(WARM_UP_ROUNDS, rounds); round < rounds; round++) {
    const roundStart = process.hrtime.bigint();
    inputs.forEach((input, i) => {
      const start = process.hrtime.bigint();
      run(input);
      const micros = Number(process.hrtime.bigint() - start) / 1e3;
      if (round >= 0 && micros < (fastest[i] ?? 0)) fastest[i] = micros;
    });
    if (round >= 0) walls.push(Number(process.hrtime.bigint() - roundStart) / 1e3);
  }
  const micros = fastest.reduce((sum, each) => sum + each, 0);
  const wall = walls.toSorted((a, b) => a - b)[walls.length >> 1] ?? NaN;
  const figures = {
    profilesPerSecond: Math.round((inputs.length / micros) * 1e6),
    wallProfilesPerSecond: Math.round((inputs.length / wall) * 1e6),
    microsPerProfile: Number((micros / inputs.length).toFixed(1)),
    microsPerSample: Number((micros / samples).toFixed(3)),
  };
  print([
    name,
    String(figures.profilesPerSecond),
    String(figures.wallProfilesPerSecond),
    figures.microsPerProfile.toFixed(1),
    figures.microsPerSample.toFixed(3),
    `${(((rawBytes / micros) * 1e6) / 2 ** 20).toFixed(0)} MiB/s`,
  ]);
  return figures;
}

function print(cells: readonly string[]): void {
  const [first = '', ...rest] = cells;
  process.stdout.write(`${first.padEnd(28)}${rest.map((cell) => cell.padStart(14)).join('')}\n`);
}

const average = (total: number): string => (total / raw.length).toFixed(0);
const zippedBytes = zipped.reduce((sum, bytes) => sum + bytes.length, 0);
process.stdout.write(
  `${raw.length} profiles: on average ${average(zippedBytes)} bytes gzipped, ${average(rawBytes)} raw, ${average(samples)} samples\n\n`,
);
print(['stage', 'profiles/s', 'wall', 'µs/profile', 'µs/sample', 'raw']);

const stages = {
  gunzip: measure('gunzip', zipped, gunzip),
  decode: measure('decode', raw, (bytes) => decoder.decode(bytes)),
  flatten: measure('flatten', columns, (profile) => flattener.flatten(profile, { salt })),
  pipeline: measure('gunzip + decode + flatten', zipped, (bytes) =>
    flattener.flatten(decoder.decode(gunzip(bytes)), { salt }),
  ),
  pprofFormatDecode: measure('pprof-format decode', raw, (bytes) => Profile.decode(bytes), SLOW_ROUNDS),
};
const ratio = stages.pprofFormatDecode.microsPerProfile / stages.decode.microsPerProfile;
process.stdout.write(`\ndecode is ${ratio.toFixed(1)} times as fast as pprof-format's\n\n`);
process.stdout.write(
  `${JSON.stringify({ bench: 'pipeline', profiles: raw.length, samples, decodeRatio: Number(ratio.toFixed(1)), ...stages })}\n`,
);
