import { ProfileDecoder, saltOf, StackFlattener } from '@everflame/profile';
import { pprofOfCollapsed, toCollapsed } from '@everflame/testkit';
import { gunzipBounded, gzipFast } from '@everflame/service-kit';
import { describe, expect, it } from 'vitest';
import { type PreparedProfile, ProfilePreparer } from '../src/application/prepare-profile.ts';
import { targetWith } from './support/configs.ts';

const HEAP = [
  { type: 'alloc_objects', unit: 'count' },
  { type: 'alloc_space', unit: 'bytes' },
  { type: 'inuse_objects', unit: 'count' },
  { type: 'inuse_space', unit: 'bytes' },
];

function heap(...stacks: string[]): Uint8Array {
  return gzipFast(pprofOfCollapsed({ sampleTypes: HEAP, stacks }));
}

function setUp(config: object = {}) {
  const seen = { resets: 0, stateBytes: 0 };
  const target = targetWith(config);
  const preparer = new ProfilePreparer(1_000_000, {
    deltaReset: () => seen.resets++,
    deltaStateBytes: (bytes) => (seen.stateBytes = bytes),
  });
  const prepare = (key: string, body: Uint8Array, at = 1000, setByMs = 0): PreparedProfile | undefined => {
    const profile = target.profiles.find((profile) => profile.key === key);
    if (profile === undefined) throw new Error(`no profile ${key}`);
    return preparer.prepare(target, profile, body, { unixMs: at + setByMs, stopwatchMs: at });
  };
  return { preparer, target, prepare, seen };
}

/** Folded text by sample type. */
function contentOf(prepared: PreparedProfile | undefined): Record<string, string> | undefined {
  if (prepared === undefined) return undefined;
  const columns = new ProfileDecoder().decode(gunzipBounded(prepared.pprof, 1_000_000));
  const flat = new StackFlattener().flatten(columns, { salt: saltOf('test') });
  return Object.fromEntries(columns.sampleTypes.map(({ type }, index) => [type, toCollapsed(flat, index)]));
}

describe('ProfilePreparer', () => {
  it('passes a profile that is wanted whole on as it came', () => {
    const body = gzipFast(pprofOfCollapsed({ stacks: ['main;work 7'], durationNanos: 9_900_000_000n }));
    const prepared = setUp().prepare('cpu', body);
    expect(prepared?.pprof).toBe(body);
    expect(prepared).toMatchObject({ kinds: [], timeMs: 1000, durationMs: 9900 });
  });

  it('compresses what came uncompressed', () => {
    const body = pprofOfCollapsed({ stacks: ['main;work 7'] });
    expect(contentOf(setUp().prepare('cpu', body))).toEqual({ cpu: 'main;work 7\n' });
  });

  it('takes the length that was asked for where a recording does not tell its own', () => {
    const body = pprofOfCollapsed({ stacks: ['main;work 7'] });
    expect(setUp().prepare('cpu', body)?.durationMs).toBe(10_000);
  });

  it('keeps the levels of a heap profile', () => {
    const prepared = setUp().prepare('heap', heap('main;a 10 1000 1 100', 'main;b 5 500 0 0'));
    expect(contentOf(prepared)).toEqual({ inuse_objects: 'main;a 1\n', inuse_space: 'main;a 100\n' });
    expect(prepared).toMatchObject({ kinds: [], durationMs: 0 });
  });

  it('pushes nothing for the first look at counters, then what was added since', () => {
    const { prepare, seen } = setUp();
    expect(prepare('allocs', heap('main;a 10 1000 1 100'), 1000)).toBeUndefined();
    expect(seen.stateBytes).toBeGreaterThan(0);
    const prepared = prepare('allocs', heap('main;a 13 1300 1 100', 'main;b 1 50 1 50'), 16_000);
    expect(contentOf(prepared)).toEqual({
      alloc_objects: 'main;a 3\nmain;b 1\n',
      alloc_space: 'main;a 300\nmain;b 50\n',
    });
    expect(prepared).toMatchObject({
      kinds: [
        { sampleType: 'alloc_objects', kind: 'interval' },
        { sampleType: 'alloc_space', kind: 'interval' },
      ],
      timeMs: 16_000,
      durationMs: 15_000,
    });
  });

  it.each([3_600_000, -3_600_000])(
    'gives a delta its true length when the clock was set by %d ms',
    (setByMs) => {
      const { prepare } = setUp();
      prepare('allocs', heap('main;a 10 1000 1 100'), 1000);
      const prepared = prepare('allocs', heap('main;a 13 1300 1 100'), 16_000, setByMs);
      expect(prepared).toMatchObject({ timeMs: 16_000 + setByMs, durationMs: 15_000 });
    },
  );

  it('takes the delta over a gap, with the time of the gap', () => {
    const { prepare } = setUp();
    prepare('allocs', heap('main;a 10 1000 1 100'), 1000);
    expect(() => prepare('allocs', gzipFast(new Uint8Array([1, 2, 3])), 16_000)).toThrow();
    const prepared = prepare('allocs', heap('main;a 20 2000 1 100'), 31_000);
    expect(contentOf(prepared)).toMatchObject({ alloc_space: 'main;a 1000\n' });
    expect(prepared?.durationMs).toBe(30_000);
  });

  it('starts again after a restart of the target, and counts that', () => {
    const { prepare, seen } = setUp();
    prepare('allocs', heap('main;a 10 1000 1 100'));
    expect(prepare('allocs', heap('main;a 2 200 1 100'))).toBeUndefined();
    expect(seen.resets).toBe(1);
    expect(contentOf(prepare('allocs', heap('main;a 5 500 1 100')))).toMatchObject({
      alloc_space: 'main;a 300\n',
    });
  });

  it('pushes the levels of a profile with levels and counters from the first look on', () => {
    const { prepare } = setUp({
      profiles: { allocs: { keep_sample_types: ['alloc_space', 'inuse_space'] } },
    });
    expect(contentOf(prepare('allocs', heap('main;a 10 1000 1 100')))).toEqual({
      inuse_space: 'main;a 100\n',
    });
    expect(contentOf(prepare('allocs', heap('main;a 20 1500 1 100')))).toEqual({
      alloc_space: 'main;a 500\n',
      inuse_space: 'main;a 100\n',
    });
  });

  it('takes no delta of what is one already', () => {
    const body = gzipFast(
      pprofOfCollapsed({ sampleTypes: HEAP, stacks: ['main;a 1 10 1 10'], durationNanos: 5_000_000_000n }),
    );
    const prepared = setUp().prepare('allocs', body);
    expect(contentOf(prepared)).toEqual({ alloc_objects: 'main;a 1\n', alloc_space: 'main;a 10\n' });
    expect(prepared).toMatchObject({ durationMs: 5000, kinds: [{ kind: 'interval' }, { kind: 'interval' }] });
  });

  it('keeps counters of targets and profiles apart, and forgets those of one target', () => {
    const { prepare, preparer, target, seen } = setUp({
      profiles: { other: { path: '/o', profile_name: 'memory', delta: true } },
    });
    prepare('allocs', heap('main;a 10 1000 1 100'));
    expect(contentOf(prepare('other', heap('main;a 10 1000 1 100')))).toEqual({
      inuse_objects: 'main;a 1\n',
      inuse_space: 'main;a 100\n',
    });
    preparer.forget(target, target.profiles);
    expect(seen.stateBytes).toBe(0);
    expect(prepare('allocs', heap('main;a 20 2000 1 100'))).toBeUndefined();
  });

  it.each([
    ['<!doctype html><html>', 'not_a_profile', 'an HTML page'],
    ['heap profile: 1: 2 [3: 4] @ heap/1048576', 'not_a_profile', 'a text profile'],
    ['go 1.26 trace\0\0\0', 'not_a_profile', 'a Go execution trace'],
    ['OK, all is well here', 'not_a_profile', ''],
    ['', 'not_a_profile', 'empty'],
    ['\x0a\xff\xff\xff', 'malformed_profile', ''],
  ])('refuses %j as %s', (text, code, message) => {
    const body = Buffer.from(text, 'latin1');
    let caught: unknown;
    try {
      setUp().prepare('heap', body);
    } catch (error) {
      caught = error;
    }
    expect(caught).toMatchObject({ code, message: expect.stringContaining(message) });
  });

  it('says which sample types there are when none of them is kept', () => {
    const body = pprofOfCollapsed({ sampleTypes: [{ type: 'objects', unit: 'count' }], stacks: ['main 1'] });
    expect(() => setUp().prepare('heap', body)).toThrow('The profile has objects, and none of them is kept.');
  });

  it('stops at the bound of an uncompressed profile', () => {
    expect(() => setUp().prepare('heap', gzipFast(new Uint8Array(1_000_001)))).toThrow(/decompressed_bytes/);
  });
});
