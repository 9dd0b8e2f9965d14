// Damages profiles for FUZZ_SECONDS (60) from FUZZ_SEED (a new one each time) and checks what decoding, normalising and
// flattening make of them: a refusal with a code, or totals that a plain sum agrees with, in less than a second and in
// bounded memory. A case that fails is printed as base64 with its seed, and the run ends with status 1.
import { readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { DomainError, normaliseProfile, ProfileDecoder, saltOf, StackFlattener } from '@everflame/profile';
import { mutateProfile, naiveTotals, SeededRandom, pprofOfCollapsed } from '@everflame/testkit';

const SLOWEST_MS = 1000;
const MOST_RSS_BYTES = 1 << 30;
const MAX_FILE_BYTES = 64_000;

const seconds = Number(process.env['FUZZ_SECONDS'] ?? 60);
const seed = Number(process.env['FUZZ_SEED'] ?? Date.now() % 2 ** 31);
const corpus = new URL('../../testdata/corpus/', import.meta.url);

const files = readdirSync(corpus, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.includes('.pb'))
  .map((entry) => readFileSync(`${entry.parentPath}/${entry.name}`))
  .map((bytes): Uint8Array => (bytes[0] === 0x1f ? gunzipSync(bytes) : bytes))
  .filter((bytes) => bytes.length < MAX_FILE_BYTES)
  .concat(pprofOfCollapsed({ stacks: ['main;work[int] 3', 'main 1'], labels: { endpoint: '/' } }));

const salt = saltOf('fuzz');
const random = new SeededRandom(seed);
const decoder = new ProfileDecoder();
const flattener = new StackFlattener();

/** The outcome of one case; throws what is wrong. */
function judge(bytes: Uint8Array): string {
  try {
    const columns = decoder.decode(bytes);
    const flat = flattener.flatten(columns, { salt });
    const totals = flat.sampleTypes.map((_, type) =>
      flat.groups.reduce((sum, group) => sum + BigInt(group.columns[type]?.total ?? 0), 0n),
    );
    const expected = naiveTotals(bytes);
    if (totals.join() !== expected.join()) throw new Error(`total ${totals.join()}, not ${expected.join()}`);
    normaliseProfile(columns);
    flattener.flatten(columns, { salt });
    return 'accepted';
  } catch (error) {
    if (error instanceof DomainError) return error.code;
    throw error;
  }
}

const outcomes = new Map<string, number>();
let cases = 0;
let slowestMs = 0;
let largestRss = 0;
const end = performance.now() + seconds * 1000;
while (performance.now() < end && process.exitCode === undefined) {
  const bytes = mutateProfile(random.pick(files), random.pick(files), random);
  const start = performance.now();
  try {
    const outcome = judge(bytes);
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    const elapsedMs = performance.now() - start;
    slowestMs = Math.max(slowestMs, elapsedMs);
    if (elapsedMs > SLOWEST_MS) throw new Error(`${Math.round(elapsedMs)} ms for ${bytes.length} bytes`);
    if (cases % 1000 === 0) largestRss = Math.max(largestRss, process.memoryUsage.rss());
    if (largestRss > MOST_RSS_BYTES) throw new Error(`${largestRss} bytes of memory`);
  } catch (error) {
    process.stderr.write(`seed ${seed}, case ${cases}: ${String(error)}\n`);
    process.stderr.write(`${Buffer.from(bytes).toString('base64')}\n`);
    process.exitCode = 1;
  }
  cases++;
}

for (const [outcome, count] of [...outcomes].toSorted((a, b) => b[1] - a[1])) {
  process.stdout.write(`${outcome.padEnd(28)}${count.toLocaleString('en-US').padStart(14)}\n`);
}
const figures = { seed, cases, slowestMs: Math.round(slowestMs), rssMiB: Math.round(largestRss / 2 ** 20) };
process.stdout.write(`${JSON.stringify({ bench: 'fuzz', ...figures, ...Object.fromEntries(outcomes) })}\n`);
