import { describe, expect, it } from 'vitest';
import { readFilter, partsOfSelector, selectorFor, spellFilter } from '../src/features/filters/matchers.ts';
import { loneValues } from '../src/features/timeline/timeline-chart.tsx';
import { compareVersions, compareWithPrevious, readComparison } from '../src/pages/compare/comparison.ts';
import { parsePath, spellPath } from '../src/features/flamegraph/workspace/workspace-state.ts';
import { COMPARE_SEARCH } from '../src/pages/compare/search.ts';
import { SERVICE_SEARCH } from '../src/pages/service/search.ts';
import { parseSearchText, RANGE_SEARCH, readSearch, stringifySearch } from '../src/url/parameters.ts';

const readRange = readSearch(RANGE_SEARCH);
const readService = readSearch(SERVICE_SEARCH);
const readCompare = readSearch(COMPARE_SEARCH);
const CPU = 'process_cpu:cpu:nanoseconds:cpu:nanoseconds';

describe('URL state', () => {
  it('survives a round trip through the address, numbers in names included', () => {
    const state = { from: 'now-6h', to: 'now', live: true as const };
    const service = { type: CPU, filter: 'version="2.41",env=~"prod|qa"', q: '42', zoom: '["main","f(1)"]' };
    const text = stringifySearch({ ...state, ...service });
    const raw = parseSearchText(text);
    expect(readRange(raw)).toEqual(state);
    expect(readService(raw)).toMatchObject(service);
  });

  it('drops what it cannot use instead of failing', () => {
    const raw = parseSearchText('?from=never&to=now&live=maybe&view=hologram&zoom=%7B%7D&root=[1]');
    expect(readRange(raw)).toEqual({ from: undefined, to: 'now', live: undefined });
    expect(readService(raw)).toMatchObject({ view: undefined, zoom: undefined, root: undefined });
  });

  it('turns absolute times into Unix ms, which every service reads', () => {
    expect(readRange({ from: '2026-11-23T12:00:00Z' }).from).toBe(String(Date.UTC(2026, 10, 23, 12)));
  });

  it('spells a path for the address and reads it back', () => {
    const path = ['main.main', 'a,"b"', '日本'];
    expect(parsePath(spellPath(path))).toEqual(path);
    expect(spellPath([])).toBeUndefined();
    expect(parsePath('["a",1]')).toBeNull();
  });
});

describe('timeline', () => {
  it('marks values that no line leads to', () => {
    expect(loneValues([1, null, 2, 3, null, 4])).toEqual([0, 5]);
    expect(loneValues([])).toEqual([]);
  });
});

describe('filters', () => {
  it('puts the service and the matchers into one selector and takes it apart again', () => {
    const matchers = [{ name: 'version', op: '=' as const, value: '2.41' }];
    const selector = selectorFor(CPU, 'check"out', matchers);
    expect(selector).toBe(`${CPU}{service_name="check\\"out",version="2.41"}`);
    expect(partsOfSelector(selector)).toEqual({ type: CPU, service: 'check"out', matchers });
  });

  it('reads a filter from the address and says why it cannot', () => {
    expect(readFilter('env!="dev"').matchers).toEqual([{ name: 'env', op: '!=', value: 'dev' }]);
    expect(readFilter('env=').problem).toMatch(/quoted value/);
    expect(readFilter(undefined)).toEqual({ matchers: [], problem: null });
    expect(spellFilter(readFilter('env!="dev"').matchers)).toBe('env!="dev"');
  });
});

describe('comparison', () => {
  it('prefills the range before, with the same selector on both sides', () => {
    const search = compareWithPrevious(selectorFor(CPU, 'checkout', []), { from: 'now-1h', to: 'now' });
    const comparison = readComparison(search);
    expect(comparison).toMatchObject({ service: 'checkout', type: CPU, normalize: 'none' });
    expect(comparison?.left.range).toEqual({ from: 'now-2h', to: 'now-1h' });
    expect(comparison?.right.range).toEqual({ from: 'now-1h', to: 'now' });
  });

  it('prefills two versions over one range per instance, replacing a version that was filtered for', () => {
    const search = compareVersions(
      { type: CPU, service: 'checkout', matchers: readFilter('version="1",env="prod"').matchers },
      { before: '2.40', after: '2.41' },
      { from: 'now-1h', to: 'now' },
    );
    expect(search.left_query).toBe(`${CPU}{service_name="checkout",env="prod",version="2.40"}`);
    expect(search.right_query).toBe(`${CPU}{service_name="checkout",env="prod",version="2.41"}`);
    expect(search.normalize).toBe('instance_seconds');
  });

  it('reads a link that only names one side as that side against the time before it', () => {
    const search = readCompare({ right_query: selectorFor(CPU, 'checkout', []) });
    const comparison = readComparison(search);
    expect(comparison?.left.query).toBe(comparison?.right.query);
    expect(comparison?.left.range).toEqual({ from: 'now-2h', to: 'now-1h' });
    expect(readComparison({})).toBeNull();
  });
});
