// What one ingest thread does to a profile: gunzip, decode, flatten, write the record of its rows; beside it other
// readers of pprof on the same files, and one thread against two. Each profile counts with its fastest of all rounds,
// so that what else the machine does matters little.
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { ProfileFlattener } from '@everflame/ingest/flatten';
import { ProfileDecoder, saltOf, StackFlattener } from '@everflame/profile';
import { gunzipBounded } from '@everflame/service-kit';
import { Profile } from 'pprof-format';
import { fastestOf, printLine, printLoad, printRow, sumOf } from './load/figures.ts';
import { jobOf } from './load/flatten-job.ts';
import { goParseMicros } from './load/go-parse.ts';
import { measureThreads } from './load/threads.ts';

const MAX_BYTES = 64 << 20;
const folder = new URL('../../testdata/corpus/own/go/', import.meta.url);

interface Rounds {
  readonly warmUp: number;
  readonly ours: number;
  readonly others: number;
}

interface ProfileSet {
  readonly name: string;
  readonly paths: readonly string[];
  readonly zipped: readonly Buffer[];
  readonly samples: number;
}

function load(name: string, isOf: (file: string) => boolean): ProfileSet {
  const files = readdirSync(folder).filter((file) => file.endsWith('.pb.gz') && isOf(file));
  const paths = files.map((file) => fileURLToPath(new URL(file, folder)));
  const zipped = paths.map((path) => readFileSync(path));
  const decoder = new ProfileDecoder();
  const samples = sumOf(zipped.map((bytes) => decoder.decode(gunzipSync(bytes)).sampleCount));
  return { name, paths, zipped, samples };
}

function measureSet(set: ProfileSet, rounds: Rounds): Record<string, number> {
  const count = set.zipped.length;
  const kib = (bytes: readonly Uint8Array[]): string =>
    (sumOf(bytes.map((each) => each.length)) / count / 1024).toFixed(1);
  const raw = set.zipped.map((bytes) => gunzipBounded(bytes, MAX_BYTES));
  const profiles = count === 1 ? '1 profile' : `${count} profiles, on average`;
  printLine(
    `\n${set.name}: ${profiles} ${kib(set.zipped)} KiB gzip, ${kib(raw)} KiB raw, ${Math.round(set.samples / count)} samples`,
  );
  printRow('', 'profiles/s', 'µs/profile', 'µs/sample');
  const figures: Record<string, number> = {};
  const report = (key: string, name: string, micros: Iterable<number>): void => {
    const total = sumOf(micros);
    figures[key] = Number((total / count).toFixed(1));
    printRow(
      name,
      ((count / total) * 1e6).toFixed(0),
      (total / count).toFixed(1),
      (total / set.samples).toFixed(3),
    );
  };
  const ours = <T>(key: string, name: string, inputs: readonly T[], run: (input: T) => unknown): void =>
    report(key, name, fastestOf(inputs, run, rounds.ours, rounds.warmUp));

  const decoder = new ProfileDecoder();
  const columns = raw.map((bytes) => new ProfileDecoder().decode(bytes));
  const stacks = new StackFlattener();
  const salt = saltOf('default');
  const warm = new ProfileFlattener();
  const cold = new ProfileFlattener();
  let generation = 0;
  ours('gunzip', 'gunzip', set.zipped, (bytes) => gunzipBounded(bytes, MAX_BYTES));
  ours('decode', 'decode', raw, (bytes) => decoder.decode(bytes));
  ours('gunzipDecode', 'gunzip + decode', set.zipped, (bytes) =>
    decoder.decode(gunzipBounded(bytes, MAX_BYTES)),
  );
  ours('flatten', 'flatten', columns, (profile) => stacks.flatten(profile, { salt }));
  ours('warm', 'all, to the record: warm', set.zipped, (bytes) => warm.flatten(jobOf(bytes)));
  ours('cold', 'all, every frame and stack is new', set.zipped, (bytes) =>
    cold.flatten(jobOf(bytes, ++generation)),
  );
  report(
    'pprofFormat',
    'pprof-format: decode',
    fastestOf(raw, (bytes) => Profile.decode(bytes), rounds.others, 2),
  );
  const go = goParseMicros(set.paths, rounds.others * 3);
  if (typeof go === 'string') printLine(`Google's profile.ParseData was not run: ${go}`);
  else report('goParseData', 'Go profile.ParseData: gunzip + decode', go);
  return figures;
}

function printRatios(figures: Readonly<Record<string, number>>): void {
  const ratio = (slow: string, fast: string): string => {
    const value = (figures[slow] ?? NaN) / (figures[fast] ?? NaN);
    return Number.isNaN(value) ? 'not measured' : `${value.toFixed(1)} times`;
  };
  printLine(`  decode is as fast as pprof-format's       ${ratio('pprofFormat', 'decode')}`);
  printLine(`  gunzip + decode as Go's ParseData         ${ratio('goParseData', 'gunzipDecode')}`);
  printLine(`  all of it, warm, as Go's ParseData alone  ${ratio('goParseData', 'warm')}`);
}

printLoad('at the start');
const scrape = load('scrape', (file) => !file.startsWith('leaky'));
const large = load('large', (file) => file === 'leaky.heap.1.pb.gz');
const scrapeFigures = measureSet(scrape, { warmUp: 30, ours: 150, others: 15 });
printRatios(scrapeFigures);
const largeFigures = measureSet(large, { warmUp: 3, ours: 10, others: 3 });
printRatios(largeFigures);
const threads = await measureThreads(scrape.zipped);
printLoad('at the end');
printLine(
  JSON.stringify({
    bench: 'pipeline',
    microsPerProfile: { scrape: scrapeFigures, large: largeFigures },
    threads,
  }),
);
