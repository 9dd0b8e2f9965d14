import { describe, expect, it } from 'vitest';
import { type TargetChanges, TargetSet } from '../src/application/target-set.ts';
import { only, targetsWith } from './support/configs.ts';

const groups = (...targets: string[]): object => ({ static_configs: [{ targets }] });

function setUp() {
  const targets = new TargetSet(targetsWith(groups('a:1', 'b:1')));
  const seen: TargetChanges[] = [];
  targets.onChange((changes) => seen.push(changes));
  const sync = (config: object) => targets.sync(targetsWith(config));
  const gone = () =>
    seen.at(-1)?.gone.map(({ target, profiles }) => [target.url, profiles.map(({ key }) => key).join()]);
  return { targets, seen, sync, gone };
}

describe('TargetSet', () => {
  it('tells nothing where nothing is different', () => {
    const { sync, seen } = setUp();
    sync(groups('b:1', 'a:1', 'b:1'));
    expect(seen).toEqual([]);
  });

  it('counts what came and went, and names the profiles of what went', () => {
    const { targets, sync, seen, gone } = setUp();
    sync(groups('b:1', 'c:1', 'd:1'));
    expect(seen).toMatchObject([{ added: 2, removed: 1, changed: 0 }]);
    expect(gone()).toEqual([['http://a:1', 'cpu,heap,allocs,block,mutex,goroutine,threadcreate']]);
    expect([...targets].map(({ url }) => url)).toEqual(['http://b:1', 'http://c:1', 'http://d:1']);
  });

  it('names only the profiles that are scraped otherwise, or no longer', () => {
    const { sync, seen, gone } = setUp();
    const profiles = { mutex: { enabled: false }, heap: { path: '/heap' } };
    sync({ ...groups('a:1', 'b:1'), profiles });
    expect(seen).toMatchObject([{ added: 0, removed: 0, changed: 2 }]);
    expect(gone()).toEqual([
      ['http://a:1', 'heap,mutex'],
      ['http://b:1', 'heap,mutex'],
    ]);
  });

  it('keeps every profile of a target whose interval alone is another', () => {
    const { targets, sync, gone } = setUp();
    sync({ ...groups('a:1', 'b:1'), scrape_interval: '1m' });
    expect([...targets].map(({ intervalMs }) => intervalMs)).toEqual([60_000, 60_000]);
    expect(gone()).toEqual([
      ['http://a:1', ''],
      ['http://b:1', ''],
    ]);
  });

  it('takes a target with other labels for another one', () => {
    const { sync, seen } = setUp();
    sync({ static_configs: [{ targets: ['a:1', 'b:1'], labels: { zone: 'b' } }], profiles: only('cpu') });
    expect(seen).toMatchObject([{ added: 2, removed: 2, changed: 0 }]);
  });
});
