import { describe, expect, it } from 'vitest';
import { profilesOf, selfProfiles } from '../src/application/scrape-profile.ts';
import { scrapeConfig } from './support/configs.ts';

function resolve(config: object) {
  const problems: string[] = [];
  const profiles = profilesOf(scrapeConfig(config), problems);
  return { problems, byKey: Object.fromEntries(profiles.map((profile) => [profile.key, profile])) };
}

describe('profilesOf', () => {
  it('scrapes the seven profiles of Go, with nothing stored twice', () => {
    const { byKey, problems } = resolve({});
    expect(problems).toEqual([]);
    expect(
      Object.values(byKey).map((p) => [
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
    [{ fgprof: { seconds: 5 } }, 'scrape_configs.shop.profiles.fgprof: path is required'],
    [{ block: { seconds: 5, delta: true } }, 'scrape_configs.shop.profiles.block: delta and seconds exclude'],
    [
      { cpu: { seconds: 15 } },
      'scrape_configs.shop.profiles.cpu.seconds: a recording of 15 s must be shorter',
    ],
  ])('refuses %j', (profiles, problem) => {
    const { problems } = resolve({ profiles });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(problem);
  });

  it('refuses a config whose every profile is disabled', () => {
    const keys = ['cpu', 'heap', 'allocs', 'block', 'mutex', 'goroutine', 'threadcreate'];
    const profiles = Object.fromEntries(keys.map((key) => [key, { enabled: false }]));
    expect(resolve({ profiles }).problems).toEqual(['scrape_configs.shop: every profile is disabled']);
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
