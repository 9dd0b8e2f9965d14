import { gzipSync } from 'node:zlib';
import { normaliseProfile, ProfileDecoder, saltOf, StackFlattener } from '@everflame/profile';
import { gunzipBounded } from '@everflame/service-kit';
import { ProfileBatch } from '@everflame/storage';
import { listCorpus, readTestdata, pprofOfCollapsed } from '@everflame/testkit';
import { describe, expect, it } from 'vitest';
import { limitsFor, limitsOf } from '../src/application/limits/limit-settings.ts';
import { ProfileFlattener } from '../src/application/flatten/flatten-profile.ts';
import { appendRowRecord } from '../src/application/record/row-record.ts';
import { jobOf } from './support/flatten-job.ts';

/** What a reader of the database can resolve. */
class Dictionary extends ProfileBatch {
  readonly frames = new Map<bigint, { name: string; systemName: string; file: string; line: number }>();
  readonly stacks = new Map<bigint, readonly bigint[]>();
  readonly series = new Set<string>();
  /** Stacks and values of the profiles, in the order of the rows. */
  readonly profiles: { type: string; stacks: readonly bigint[]; values: readonly number[] }[] = [];

  override addFrames(rows: Parameters<ProfileBatch['addFrames']>[0]): void {
    const [names, systemNames, files] = [rows.names, rows.systemNames, rows.files].map(textsOf);
    const lines = new Uint32Array(new Uint8Array(rows.lines).buffer);
    idsOf(rows.ids).forEach((id, i) => {
      const name = names?.[i] ?? '';
      const systemName = systemNames?.[i] || name;
      this.frames.set(id, { name, systemName, file: files?.[i] ?? '', line: lines[i] ?? 0 });
    });
  }

  override addStacks({ ids, sizes, frameIds }: Parameters<ProfileBatch['addStacks']>[0]): void {
    const frames = idsOf(frameIds);
    let at = 0;
    idsOf(ids).forEach((id, i) => this.stacks.set(id, frames.slice(at, (at += sizes[i] ?? 0))));
  }

  override addSeries(row: Parameters<ProfileBatch['addSeries']>[0]): void {
    this.series.add(row.type);
  }

  override addProfile(row: Parameters<ProfileBatch['addProfile']>[0]): void {
    this.profiles.push({ type: row.type, stacks: idsOf(row.stackIds), values: [...row.values] });
  }
}

function idsOf(bytes: Uint8Array): bigint[] {
  return [...new BigUint64Array(new Uint8Array(bytes).buffer)];
}

function textsOf(bytes: Uint8Array): string[] {
  const texts: string[] = [];
  for (let at = 0; at < bytes.length;) {
    let size = 0;
    for (let shift = 0, byte = 0x80; byte >= 0x80; shift += 7) {
      byte = bytes[at++] ?? 0;
      size |= (byte & 0x7f) << shift;
    }
    texts.push(Buffer.from(bytes.subarray(at, (at += size))).toString());
  }
  return texts;
}

/** The same profile, flattened whole. */
function flatten(pprof: Uint8Array) {
  const columns = new ProfileDecoder().decode(gunzipBounded(pprof, 1 << 28));
  normaliseProfile(columns);
  return new StackFlattener().flatten(columns, { salt: saltOf('default') });
}

const idAt = (lo: Uint32Array, hi: Uint32Array, i: number): bigint =>
  (BigInt(hi[i] ?? 0) << 32n) | BigInt(lo[i] ?? 0);

/** The frames and stacks of a profile that the dictionary has wrongly or not at all. */
function unresolved(dictionary: Dictionary, pprof: Uint8Array): string[] {
  const { frames, stacks } = flatten(pprof);
  const wrong: string[] = [];
  const ids = Array.from({ length: frames.count }, (_, i) => idAt(frames.idLo, frames.idHi, i));
  ids.forEach((id, i) => {
    const stored = dictionary.frames.get(id);
    const name = frames.name(i);
    const isSame =
      stored?.name === name &&
      stored.systemName === (frames.systemName(i) || name) &&
      stored.file === frames.file(i) &&
      stored.line === frames.line[i];
    if (!isSame) wrong.push(`frame ${name}`);
  });
  for (let i = 0; i < stacks.count; i++) {
    const stored = dictionary.stacks.get(idAt(stacks.idLo, stacks.idHi, i));
    const own = stacks.frames.subarray(stacks.offsets[i], stacks.offsets[i + 1]);
    const isSame = stored?.length === own.length && stored.every((id, at) => id === ids[own[at] ?? -1]);
    if (!isSame) wrong.push(`stack ${i}`);
  }
  return wrong;
}

describe('ProfileFlattener', () => {
  const files = listCorpus().filter((path) => path.endsWith('.pb.gz') && !path.includes('leaky'));
  const pprofs = files.map((path) => readTestdata(path));

  it('writes every frame and stack that real profiles refer to, though it writes them once', () => {
    expect(pprofs.length).toBeGreaterThan(30);
    const flattener = new ProfileFlattener();
    const dictionary = new Dictionary();
    for (const pprof of pprofs) appendRowRecord(dictionary, flattener.flatten(jobOf(pprof)).record);
    expect(pprofs.flatMap((pprof) => unresolved(dictionary, pprof))).toEqual([]);
  });

  it('writes the same values again, but no dictionary rows, for a profile that it knows', () => {
    const flattener = new ProfileFlattener();
    const [first, second] = [new Dictionary(), new Dictionary()];
    const pprof = pprofs[0] ?? new Uint8Array();
    appendRowRecord(first, flattener.flatten(jobOf(pprof)).record);
    appendRowRecord(second, flattener.flatten(jobOf(pprof)).record);
    expect(second.profiles).toEqual(first.profiles);
    expect([second.frames.size, second.stacks.size, second.series.size]).toEqual([0, 0, 0]);
    expect(first.stacks.size).toBeGreaterThan(0);
  });

  it.each([
    ['generation', { generation: 1 }],
    ['day', { timeMs: Date.now() - 86_400_000 }],
    ['tenant', { tenant: 'other' }],
  ])('writes dictionary rows again in another %s', (_, changes) => {
    const flattener = new ProfileFlattener();
    const pprof = pprofOfCollapsed({ stacks: ['main;work 30', 'main 1'] });
    flattener.flatten(jobOf(pprof));
    const again = new Dictionary();
    appendRowRecord(again, flattener.flatten(jobOf(pprof, changes)).record);
    expect([again.frames.size, again.stacks.size, again.series.size]).toEqual([2, 2, 1]);
  });

  it('writes the series of a day that is over with every profile, because it may have been deleted', () => {
    const flattener = new ProfileFlattener();
    const pprof = pprofOfCollapsed({ stacks: ['main;work 30'] });
    for (const [daysAgo, series] of [
      [0, [1, 0]],
      [1, [1, 1]],
    ] as const) {
      const written = [0, 1].map((i) => {
        const dictionary = new Dictionary();
        const timeMs = Date.now() - daysAgo * 86_400_000 + i;
        appendRowRecord(dictionary, flattener.flatten(jobOf(pprof, { timeMs })).record);
        return dictionary.series.size;
      });
      expect(written).toEqual(series);
    }
  });

  it('writes stacks again for another service, but not the frames', () => {
    const flattener = new ProfileFlattener();
    const pprof = pprofOfCollapsed({ stacks: ['main;work 30', 'main 1'] });
    flattener.flatten(jobOf(pprof));
    const other = new Dictionary();
    const labels = [['service_name', 'cart']] as const;
    appendRowRecord(other, flattener.flatten(jobOf(pprof, { labels })).record);
    expect([other.frames.size, other.stacks.size, other.series.size]).toEqual([0, 2, 1]);
  });

  it('marks nothing as written of a profile that it refuses', () => {
    const limits = { ...limitsFor('flatten', limitsOf()), stacks: 55 };
    const flattener = new ProfileFlattener({ limits });
    const stacks = Array.from({ length: 60 }, (_, i) => `main;work${i} 1`);
    const refused = jobOf(pprofOfCollapsed({ stacks }));
    expect(() => flattener.flatten(refused)).toThrow(expect.objectContaining({ code: 'limit_stacks' }));
    const dictionary = new Dictionary();
    const taken = jobOf(gzipSync(pprofOfCollapsed({ stacks: stacks.slice(0, 50) })));
    appendRowRecord(dictionary, flattener.flatten(taken).record);
    expect([dictionary.frames.size, dictionary.stacks.size]).toEqual([51, 50]);
  });

  it.each([
    ['stated by the pusher', { durationMs: 2 ** 32 }, 0n],
    ['in the profile', {}, BigInt(2 ** 32) * 1_000_000n],
  ])(
    'refuses a duration that cannot be stored, %s, and forgets nothing for it',
    (_, changes, durationNanos) => {
      const flattener = new ProfileFlattener();
      const stacks = ['main;work 30'];
      flattener.flatten(jobOf(pprofOfCollapsed({ stacks })));
      const long = jobOf(pprofOfCollapsed({ stacks, durationNanos }), changes);
      expect(() => flattener.flatten(long)).toThrow(expect.objectContaining({ code: 'value_out_of_range' }));
      const next = new Dictionary();
      appendRowRecord(next, flattener.flatten(jobOf(pprofOfCollapsed({ stacks }))).record);
      expect([next.frames.size, next.stacks.size]).toEqual([0, 0]);
    },
  );
});
