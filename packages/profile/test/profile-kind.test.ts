import { describe, expect, it } from 'vitest';
import { guessProfileName, profileKindOf, type ProfileKind } from '../src/index.ts';

const table: readonly (readonly [
  runtime: string,
  name: string,
  kind: ProfileKind,
  types: readonly string[],
])[] = [
  ['Go', 'process_cpu', 'interval', ['samples', 'cpu']],
  ['Go', 'memory', 'cumulative', ['alloc_objects', 'alloc_space']],
  ['Go', 'memory', 'gauge', ['inuse_objects', 'inuse_space']],
  ['Go', 'block', 'cumulative', ['contentions', 'delay']],
  ['Go', 'mutex', 'cumulative', ['contentions', 'delay']],
  ['Go', 'goroutines', 'gauge', ['goroutine']],
  ['Go', 'threadcreate', 'gauge', ['threadcreate']],
  ['Go', 'goroutineleak', 'gauge', ['goroutineleak']],
  ['Node', 'wall', 'interval', ['sample', 'wall', 'cpu']],
  ['Node', 'memory', 'gauge', ['objects', 'space']],
  ['Java', 'process_cpu', 'interval', ['cpu', 'itimer', 'wall']],
  ['Java', 'memory', 'interval', ['alloc_in_new_tlab_bytes', 'alloc_in_new_tlab_objects']],
  ['Java', 'memory', 'interval', ['alloc_outside_tlab_bytes', 'alloc_outside_tlab_objects', 'alloc']],
  ['Java', 'memory', 'gauge', ['live']],
  ['Java', 'lock', 'interval', ['lock', 'contentions', 'delay']],
  ['.NET', 'process_cpu', 'interval', ['cpu', 'wall']],
  ['.NET', 'memory', 'interval', ['alloc-samples', 'alloc-size']],
  ['.NET', 'memory', 'gauge', ['inuse-objects', 'inuse-size', 'inuse-space']],
  ['.NET', 'mutex', 'interval', ['lock-count', 'lock-time']],
  ['.NET', 'exceptions', 'interval', ['exception']],
  ['Python', 'process_cpu', 'interval', ['cpu-time', 'wall-time', 'cpu-samples']],
  ['Python', 'memory', 'interval', ['alloc-samples', 'alloc-space']],
  ['Python', 'memory', 'gauge', ['heap-space']],
  ['Ruby', 'memory', 'gauge', ['heap-live-samples', 'heap-live-size']],
  ['jemalloc', 'memory', 'gauge', ['inuse_objects', 'inuse_space', 'space']],
  ['OTLP', 'process_cpu', 'interval', ['samples', 'on_cpu', 'off_cpu']],
];

describe('the kind of a sample type', () => {
  it.each(table)('%s %s: %s for %j', (_, name, kind, types) => {
    expect(types.map((type) => profileKindOf(name, type))).toEqual(types.map(() => kind));
  });

  it('of a counter is interval where the profile has a duration, and that of a level never changes', () => {
    const kinds = (name: string, type: string) => [
      profileKindOf(name, type),
      profileKindOf(name, type, true),
    ];
    expect(kinds('memory', 'alloc_space')).toEqual(['cumulative', 'interval']);
    expect(kinds('mutex', 'delay')).toEqual(['cumulative', 'interval']);
    expect(kinds('memory', 'inuse_space')).toEqual(['gauge', 'gauge']);
    expect(kinds('process_cpu', 'cpu')).toEqual(['interval', 'interval']);
  });
});

describe('the name of a profile that has none', () => {
  it.each([
    ['process_cpu', ['samples', 'cpu']],
    ['process_cpu', ['itimer']],
    ['wall', ['sample', 'wall', 'cpu']],
    ['memory', ['alloc_objects', 'alloc_space', 'inuse_objects', 'inuse_space']],
    ['memory', ['objects', 'space']],
    ['memory', ['alloc-samples', 'alloc-size']],
    ['memory', ['alloc_in_new_tlab_objects', 'alloc_in_new_tlab_bytes']],
    ['memory', ['live']],
    ['memory', ['heap-space']],
    ['block', ['contentions', 'delay']],
    ['mutex', ['lock-count', 'lock-time']],
    ['exceptions', ['exception']],
    ['off_cpu', ['off_cpu']],
    ['goroutines', ['goroutine']],
    ['threadcreate', ['threadcreate']],
    ['cache_misses', ['cache-misses']],
    ['profile', []],
  ])('is %s for %j', (name, types) => {
    expect(
      guessProfileName(
        types.map((type) => ({ type, unit: 'count' })),
        '',
      ),
    ).toBe(name);
  });

  it('is process_cpu for samples whose period is CPU time', () => {
    expect(guessProfileName([{ type: 'samples', unit: 'count' }], 'cpu')).toBe('process_cpu');
  });
});
