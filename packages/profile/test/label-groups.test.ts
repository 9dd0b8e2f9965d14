import { describe, expect, it } from 'vitest';
import { toCollapsed } from '@everflame/testkit';
import { type FlatProfile } from '../src/index.ts';
import { flattenInput, labelled } from './flatten.ts';

describe('string labels of samples', () => {
  const str = (labels: Record<string, string>) =>
    Object.entries(labels).map(([key, value]) => ({ key, str: value }));
  const groupsOf = (flat: FlatProfile) =>
    flat.groups.map((group) => [Object.fromEntries(group.labels), group.columns[0]!.total]);

  it('make groups, the one without labels first', () => {
    const flat = flattenInput(
      labelled([
        { value: 1, labels: str({ endpoint: '/b' }) },
        { value: 2 },
        { value: 3, labels: str({ endpoint: '/a' }) },
        { value: 4, labels: str({ endpoint: '/b' }) },
      ]),
    );
    expect(groupsOf(flat)).toEqual([
      [{}, 2],
      [{ endpoint: '/a' }, 3],
      [{ endpoint: '/b' }, 5],
    ]);
    expect(flat.stacks.count).toBe(1);
    expect(toCollapsed(flat, 0)).toBe('main;work 10\n');
  });

  it('count in any order', () => {
    const flat = flattenInput(
      labelled([
        { value: 1, labels: str({ a: '1', b: '2' }) },
        { value: 2, labels: str({ b: '2', a: '1' }) },
        { value: 4, labels: str({ a: '2', b: '1' }) },
      ]),
    );
    expect(groupsOf(flat)).toEqual([
      [{ a: '1', b: '2' }, 3],
      [{ a: '2', b: '1' }, 4],
    ]);
  });

  it('are left out when they are ids of spans, traces and threads, or empty', () => {
    const flat = flattenInput(
      labelled([
        { value: 1, labels: str({ trace_id: 'x1', 'span id': 'y1', 'pprof::base': 'true', endpoint: '/a' }) },
        { value: 2, labels: str({ traceId: 'x2', 'thread id': '7', endpoint: '/a', other: '' }) },
      ]),
    );
    expect(groupsOf(flat)).toEqual([[{ endpoint: '/a' }, 3]]);
  });

  it.each([
    'trace_id',
    'traceID',
    'TraceId',
    'span_id',
    'spanID',
    'parent_span_id',
    'local_root_span_id',
    'otel.span_id',
    'otel_trace_id',
    'pprof::base',
    'pprof::anything',
    'profile_id',
    'request-id',
    'thread_id',
    'thread.id',
    'os_thread_id',
    'tid',
    'goroutine',
    'goroutine_id',
    'goid',
    'thread id',
    'local root span id',
    'goroutine id',
  ])('named %j is left out', (name) => {
    const flat = flattenInput(
      labelled([
        { value: 1, labels: str({ [name]: 'x1' }) },
        { value: 2, labels: str({ [name]: 'x2' }) },
      ]),
    );
    expect(groupsOf(flat)).toEqual([[{}, 3]]);
  });

  it.each([
    'endpoint',
    'trace endpoint',
    'thread name',
    'thread_name',
    'trace',
    'span',
    'goroutines',
    'hotel',
  ])('named %j counts', (name) => {
    expect(groupsOf(flattenInput(labelled([{ value: 1, labels: str({ [name]: 'x' }) }])))).toEqual([
      [{ [name.replace(' ', '_')]: 'x' }, 1],
    ]);
  });

  it('get valid names, and samples that differ in nothing else are summed', () => {
    const flat = flattenInput(
      labelled([
        { value: 1, labels: str({ 'thread name': 'worker' }) },
        { value: 2, labels: str({ thread_name: 'worker' }) },
        { value: 4, labels: str({ '9lives': 'x' }) },
      ]),
    );
    expect(groupsOf(flat)).toEqual([
      [{ _9lives: 'x' }, 4],
      [{ thread_name: 'worker' }, 3],
    ]);
  });

  it('join several values of one name', () => {
    const labels = [
      { key: 'tag', str: 'b' },
      { key: 'tag', str: 'a' },
      { key: 'tag', str: 'b' },
    ];
    expect(groupsOf(flattenInput(labelled([{ value: 1, labels }])))).toEqual([[{ tag: 'a,b' }, 1]]);
  });

  it('beyond the bound are summed into the group without labels and counted', () => {
    const samples = Array.from({ length: 10 }, (_, i) => ({
      value: 1,
      labels: str({ user: String(i % 5) }),
    }));
    const flat = flattenInput(labelled(samples), { labelSets: 3 });
    expect(groupsOf(flat)).toEqual([
      [{}, 4],
      [{ user: '0' }, 2],
      [{ user: '1' }, 2],
      [{ user: '2' }, 2],
    ]);
    expect(flat.mergedLabelSets).toBe(2);
  });
});
