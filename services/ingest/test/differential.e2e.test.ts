import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describeWithTool, listCorpus, mutateProfile, readTestdata, SeededRandom } from '@everflame/testkit';
import { beforeAll, expect, it, type TestContext } from 'vitest';
import { askUs } from './support/fold.ts';
import { askGoogle, buildGooglePprof, type GoogleAnswer } from './support/google-pprof.ts';
import { smallProfiles } from './support/profile-corpus.ts';

const MUTATED = 6000;
const SEED = 7;

/** What we refuse and Google's library takes: the table of docs/adr/0007-pprof-acceptance.md. */
const ONLY_GOOGLE_ACCEPTS = [
  /^value_too_large:/,
  /^limit_/,
  /a field number is out of range/,
  /field 15 has the wrong type/,
];
/** What we take and Google's library refuses: the other table there. */
const ONLY_WE_ACCEPT = [
  /has a line with nil function/,
  /found function with reserved ID=0/,
  /^malformed profile format$/,
  /^gzip: gzip: invalid header$/,
];

/** How far two answers to one profile are apart; empty when they agree or may differ. */
function disagreement(google: GoogleAnswer, ours: GoogleAnswer): string {
  if (google.error === undefined && ours.error === undefined) {
    const theirs = JSON.stringify(google.columns ?? []);
    return theirs === JSON.stringify(ours.columns) ? '' : `${theirs} is not ${JSON.stringify(ours.columns)}`;
  }
  if (google.error !== undefined && ours.error !== undefined) return '';
  const [error, expected] =
    ours.error === undefined ? [google.error, ONLY_WE_ACCEPT] : [ours.error, ONLY_GOOGLE_ACCEPTS];
  if (expected.some((known) => known.test(error ?? ''))) return '';
  return ours.error === undefined ? `only we accept: ${error}` : `only Google accepts: ${error}`;
}

function extraCorpus(): readonly (readonly [string, Uint8Array])[] {
  const folder = process.env['EVERFLAME_EXTRA_CORPUS'] ?? '';
  if (folder === '') return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => [path, readFileSync(path)] as const);
}

describeWithTool(['go'], 'next to the pprof library of Google', () => {
  let program = '';
  let reason = '';

  beforeAll(() => {
    try {
      program = buildGooglePprof();
    } catch (error) {
      if (process.env['CI'] === 'true') throw error;
      reason = `skipped: Google's library cannot be built here: ${String(error).slice(0, 500)}`;
      process.stderr.write(`${reason}\n`);
    }
  });

  async function compare(context: TestContext, profiles: ReadonlyMap<string, Uint8Array>): Promise<number> {
    if (program === '') context.skip(reason);
    const answers = await askGoogle(program, [...profiles.values()]);
    const found: string[] = [];
    let accepted = 0;
    [...profiles].forEach(([name, profile], i) => {
      const google = answers[i] ?? { error: 'no answer' };
      const problem = disagreement(google, askUs(profile));
      if (google.error === undefined) accepted++;
      if (problem !== '') found.push(`${name}: ${problem}`);
    });
    expect(found).toEqual([]);
    expect(answers).toHaveLength(profiles.size);
    return accepted;
  }

  it('every file of the corpus is refused by both or adds up to the same', async (context) => {
    const corpus = listCorpus().map((path) => [path, readTestdata(path)] as const);
    expect(await compare(context, new Map([...corpus, ...extraCorpus()]))).toBeGreaterThan(80);
  });

  it('damaged profiles are refused by both or add up to the same', async (context) => {
    const files = smallProfiles(24_000);
    const random = new SeededRandom(SEED);
    const damaged = new Map<string, Uint8Array>();
    for (let i = 0; i < MUTATED; i++) {
      damaged.set(`${SEED}/${i}`, mutateProfile(random.pick(files), random.pick(files), random));
    }
    expect(await compare(context, damaged)).toBeGreaterThan(MUTATED / 10);
  });

  it('gzip is read as one stream of all its members, whatever is cut or added', async (context) => {
    const [first, second] = smallProfiles(24_000);
    if (first === undefined || second === undefined) throw new Error('there is no corpus');
    const half = first.length >> 1;
    const members = Buffer.concat([gzipSync(first.subarray(0, half)), gzipSync(first.subarray(half))]);
    const zipped = gzipSync(first);
    const damaged = Buffer.from(zipped);
    damaged[half >> 2] = (damaged[half >> 2] ?? 0) ^ 0x55;
    const accepted = await compare(
      context,
      new Map([
        ['one profile in two members', members],
        ['an empty member before', Buffer.concat([gzipSync(''), zipped])],
        ['an empty member after', Buffer.concat([zipped, gzipSync('')])],
        ['two profiles', Buffer.concat([zipped, gzipSync(second)])],
        ['the same profile twice', Buffer.concat([zipped, zipped])],
        ['bytes after the end', Buffer.concat([zipped, Buffer.from('garbage after the end')])],
        ['zeros after the end', Buffer.concat([zipped, Buffer.alloc(64)])],
        ['a cut member', zipped.subarray(0, -9)],
        ['a cut trailer', zipped.subarray(0, -1)],
        ['a changed byte', damaged],
        ['a header alone', zipped.subarray(0, 10)],
      ]),
    );
    expect(accepted).toBeGreaterThan(2);
  });
});
