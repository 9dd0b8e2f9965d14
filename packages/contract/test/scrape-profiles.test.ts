import { describe, expect, it } from 'vitest';
import { everflameFileSchema, profilesOf, selfProfiles } from '../src/index.ts';

function parse(config: object) {
  const pool = { job_name: 'shop', static_configs: [{ targets: ['127.0.0.1:6060'] }], ...config };
  return everflameFileSchema.safeParse({ scrape_configs: [pool] });
}

function resolve(config: object) {
  const profiles = parse(config).data?.scrape_configs.flatMap(profilesOf) ?? [];
  return { profiles, byKey: Object.fromEntries(profiles.map((profile) => [profile.key, profile])) };
}

function problemsOf(config: object): string[] {
  return parse(config).error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ?? [];
}

describe('profilesOf', () => {
  it('scrapes the seven profiles of Go, with nothing stored twice', () => {
    expect(
      resolve({}).profiles.map((p) => [
        p.key,
        p.path,
        p.profileName,
        p.seconds,
        p.delta,
        p.keepSampleTypes?.join(),
      ]),
    ).toEqual([
      ['cpu', '/debug/pprof/profile', 'process_cpu', 10, false, undefined],
      ['heap', '/debug/pprof/heap', 'memory', undefined, false, 'inuse_objects,inuse_space'],
      ['allocs', '/debug/pprof/allocs', 'memory', undefined, true, 'alloc_objects,alloc_space'],
      ['block', '/debug/pprof/block', 'block', undefined, true, undefined],
      ['mutex', '/debug/pprof/mutex', 'mutex', undefined, true, undefined],
      ['goroutine', '/debug/pprof/goroutine', 'goroutines', undefined, false, undefined],
      ['threadcreate', '/debug/pprof/threadcreate', 'threadcreate', undefined, false, undefined],
    ]);
  });

  it.each([
    ['1s', 1],
    ['5s', 3],
    ['12s', 10],
    ['1m', 10],
  ])('records CPU within an interval of %s for %d s', (interval, seconds) => {
    expect(resolve({ scrape_interval: interval }).byKey['cpu']?.seconds).toBe(seconds);
  });

  it('changes only what an override names', () => {
    const { byKey } = resolve({
      profiles: { cpu: { seconds: 5 }, heap: { path: '/heap' }, mutex: { enabled: false } },
    });
    expect(byKey['cpu']).toMatchObject({ path: '/debug/pprof/profile', seconds: 5 });
    expect(byKey['heap']).toMatchObject({ path: '/heap', keepSampleTypes: ['inuse_objects', 'inuse_space'] });
    expect(byKey).not.toHaveProperty('mutex');
  });

  it('takes a new profile with a path, named after its key', () => {
    const { byKey } = resolve({ profiles: { 'fg-prof': { path: '/debug/fgprof', seconds: 10 } } });
    expect(byKey['fg-prof']).toMatchObject({
      profileName: 'fg_prof',
      path: '/debug/fgprof',
      seconds: 10,
      delta: false,
    });
  });

  it('takes no delta of a profile that the target records as a difference', () => {
    expect(resolve({ profiles: { allocs: { seconds: 5 } } }).byKey['allocs']?.delta).toBe(false);
  });

  it.each([
    [{ fgprof: { seconds: 5 } }, 'scrape_configs.0.profiles.fgprof: path is required'],
    [{ block: { seconds: 5, delta: true } }, 'scrape_configs.0.profiles.block: delta and seconds exclude'],
    [{ cpu: { seconds: 15 } }, 'scrape_configs.0.profiles.cpu.seconds: a recording of 15 s must be shorter'],
  ])('refuses %j', (profiles, problem) => {
    const problems = problemsOf({ profiles });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(problem);
  });

  it('refuses a config whose every profile is disabled', () => {
    const keys = ['cpu', 'heap', 'allocs', 'block', 'mutex', 'goroutine', 'threadcreate'];
    const profiles = Object.fromEntries(keys.map((key) => [key, { enabled: false }]));
    expect(problemsOf({ profiles })).toEqual(['scrape_configs.0.profiles: every profile is disabled']);
  });
});

describe('selfProfiles', () => {
  it('scrapes CPU and heap of a Node process', () => {
    expect(selfProfiles(15_000).map((p) => [p.key, p.path, p.profileName, p.delta])).toEqual([
      ['cpu', '/debug/pprof/profile', 'process_cpu', false],
      ['heap', '/debug/pprof/heap', 'memory', false],
    ]);
  });
});
