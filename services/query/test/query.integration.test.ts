import { gunzipSync } from 'node:zlib';
import { decodeTree, fromColumns, pathOf, TREE_MEDIA_TYPE } from '@everflame/flamegraph';
import {
  fingerprintOf,
  hashStrings,
  LabelSet,
  ProfileDecoder,
  saltOf,
  StackFlattener,
} from '@everflame/profile';
import type { RunningService } from '@everflame/service-kit';
import { type ClickHouse, migrate, openClickHouse, ProfileBatch } from '@everflame/storage';
import {
  type FreshDatabase,
  freshDatabase,
  startTestClickHouse,
  type TestClickHouse,
  toCollapsed,
  answerSchema,
  quietLogger,
  insertBatch,
  addFrameRow,
  addProfileRow,
  addStackRow,
} from '@everflame/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { readConfig } from '../src/config.ts';
import { createQuery } from '../src/create-query.ts';

const flamegraphResponseSchema = answerSchema('get', 'flamegraph');
const profileTypesResponseSchema = answerSchema('get', 'profile-types');
const seriesResponseSchema = answerSchema('get', 'series');
const servicesResponseSchema = answerSchema('get', 'services');
const timelineResponseSchema = answerSchema('get', 'timeline');

const CPU = 'process_cpu:cpu:nanoseconds:cpu:nanoseconds';
const HEAP = 'memory:inuse_space:bytes:space:bytes';
// Within one hour bucket, whatever the time of day.
const NOW = Math.floor((Date.now() - 180_000) / 300_000) * 300_000 + 60_000;
const MINUTE = 60_000;

/** Stores a profile of folded stacks, as ingest would. */
function addProfile(
  batch: ProfileBatch,
  profile: {
    type: string;
    kind: 'interval' | 'gauge';
    labels: Record<string, string>;
    timeMs: number;
    stacks: Record<string, number>;
  },
): void {
  const tenant = 'default';
  const salt = saltOf(tenant);
  const labels = LabelSet.of(profile.labels);
  const service = profile.labels['service_name'] ?? '';
  const rows = Object.entries(profile.stacks).map(([folded, value]) => {
    const frames = folded.split(';').toReversed();
    const ids = frames.map((name) => hashStrings(['frame', name], salt));
    for (const [i, name] of frames.entries()) {
      addFrameRow(batch, {
        tenant,
        dayMs: profile.timeMs,
        idLo: ids[i]!.lo,
        idHi: ids[i]!.hi,
        name,
        file: `${name}.go`,
        line: 3,
        startLine: 1,
        systemName: name,
        buildId: '',
        addressLo: 0,
        addressHi: 0,
      });
    }
    const stack = hashStrings(frames, salt);
    addStackRow(batch, {
      tenant,
      service,
      dayMs: profile.timeMs,
      idLo: stack.lo,
      idHi: stack.hi,
      frameIdLo: Uint32Array.from(ids, (id) => id.lo),
      frameIdHi: Uint32Array.from(ids, (id) => id.hi),
    });
    return { stack, value };
  });
  rows.sort((a, b) => a.stack.hi - b.stack.hi || a.stack.lo - b.stack.lo);
  const fingerprint = fingerprintOf(tenant, labels);
  const series = { tenant, type: profile.type, kind: profile.kind, service, fingerprint };
  addProfileRow(batch, {
    ...series,
    retentionDays: 14,
    timeMs: profile.timeMs,
    profileId: hashStrings([profile.type, labels.toString(), String(profile.timeMs)]),
    durationMs: profile.kind === 'interval' ? 10_000 : 0,
    period: 1,
    total: rows.reduce((sum, row) => sum + row.value, 0),
    stackIdLo: Uint32Array.from(rows, (row) => row.stack.lo),
    stackIdHi: Uint32Array.from(rows, (row) => row.stack.hi),
    values: Float64Array.from(rows, (row) => row.value),
  });
  batch.addSeries({ ...series, dayMs: profile.timeMs, labels: [...labels.entries()] });
}

describe('the query service', () => {
  let server: TestClickHouse;
  let database: FreshDatabase;
  let clickhouse: ClickHouse;
  let query: RunningService;

  beforeAll(async () => {
    server = await startTestClickHouse();
    database = await freshDatabase(server.url);
    const connection = { url: server.url, database: database.name, requestTimeoutMs: 30_000 };
    clickhouse = openClickHouse(connection);
    await migrate(clickhouse, { embedded: true });
    const batch = new ProfileBatch();
    const v1 = { service_name: 'shop', version: '1', instance: 'a' };
    const v2 = { service_name: 'shop', version: '2', instance: 'b' };
    const cpu = { type: CPU, kind: 'interval' } as const;
    const heap = { type: HEAP, kind: 'gauge' } as const;
    addProfile(batch, {
      ...cpu,
      labels: v1,
      timeMs: NOW,
      stacks: { 'main;work': 30, 'main;work;alloc': 12 },
    });
    addProfile(batch, { ...cpu, labels: v1, timeMs: NOW + 15_000, stacks: { 'main;work': 10 } });
    addProfile(batch, {
      ...cpu,
      labels: v2,
      timeMs: NOW,
      stacks: { 'main;work': 40, 'main;work;slow': 100 },
    });
    addProfile(batch, { ...heap, labels: v1, timeMs: NOW, stacks: { 'main;keep': 100 } });
    addProfile(batch, { ...heap, labels: v1, timeMs: NOW + 15_000, stacks: { 'main;keep': 200 } });
    addProfile(batch, { ...heap, labels: v2, timeMs: NOW, stacks: { 'main;keep': 50, 'main;keep;more': 1 } });
    await insertBatch(clickhouse, batch);
    query = await createQuery(
      readConfig({
        QUERY_PORT: '0',
        CLICKHOUSE_URL: server.url,
        CLICKHOUSE_DATABASE: database.name,
        CLICKHOUSE_EMBEDDED: 'true',
        QUERY_INGEST_URL: 'http://127.0.0.1:1',
        SCRAPER_URL: 'http://127.0.0.1:1',
        ALERTER_URL: 'http://127.0.0.1:1',
      }),
      quietLogger(),
    );
  });
  afterAll(async () => {
    await query.close();
    await clickhouse.close();
    await database.drop();
    await server.stop();
  });

  const range = { from: String(NOW - MINUTE), to: String(NOW + MINUTE) };
  const get = (
    path: string,
    params: Record<string, string> = {},
    headers: Record<string, string> = {},
  ): Promise<Response> =>
    fetch(`${query.url}/api/v1/${path}?${new URLSearchParams({ ...range, ...params }).toString()}`, {
      headers,
    });
  async function json<T extends z.ZodType>(
    schema: T,
    path: string,
    params: Record<string, string> = {},
  ): Promise<z.infer<T>> {
    const response = await get(path, params);
    expect(response.status).toBe(200);
    return schema.parse(await response.json());
  }

  it('adds intervals up over time and series', async () => {
    const answer = await json(flamegraphResponseSchema, 'flamegraph', {
      query: `${CPU}{service_name="shop"}`,
    });
    expect(answer).toMatchObject({ kind: 'interval', unit: 'nanoseconds', truncated: false, nodes: 5 });
    expect(answer.left).toMatchObject({
      profiles: 3,
      series: 2,
      total: 192,
      instanceSeconds: 30,
      exact: true,
    });
    const tree = fromColumns(answer.tree);
    const totals = Object.fromEntries(
      Array.from(tree.total, (total, node) => [pathOf(tree, node).join(';'), total]),
    );
    expect(totals).toEqual({
      '': 192,
      main: 192,
      'main;work': 192,
      'main;work;alloc': 12,
      'main;work;slow': 100,
    });
  });

  it('averages gauges per series before it adds series up, unless told to sum', async () => {
    const byKind = await json(flamegraphResponseSchema, 'flamegraph', { query: HEAP });
    expect(byKind).toMatchObject({ kind: 'gauge', left: { total: 150 + 51 } });
    const summed = await json(flamegraphResponseSchema, 'flamegraph', { query: HEAP, aggregate: 'sum' });
    expect(summed.left.total).toBe(351);
  });

  it('answers the same tree in binary', async () => {
    const [columns, answer] = await Promise.all([
      get('flamegraph', { query: CPU }, { accept: TREE_MEDIA_TYPE }),
      json(flamegraphResponseSchema, 'flamegraph', { query: CPU }),
    ]);
    expect(columns.headers.get('content-type')).toBe(TREE_MEDIA_TYPE);
    const { tree, header } = decodeTree(new Uint8Array(await columns.arrayBuffer()));
    expect([...tree.total]).toEqual(answer.tree.total);
    expect(header).toMatchObject({ left: answer.left, nodes: answer.nodes });
  });

  it('cuts to max_nodes and accounts for what is cut', async () => {
    const answer = await json(flamegraphResponseSchema, 'flamegraph', { query: CPU, max_nodes: '3' });
    expect(answer).toMatchObject({ truncated: true, cutNodes: 2, nodes: 5 });
    expect(answer.left.total).toBe(192);
    const cut = answer.tree.cut.findIndex((count) => count > 0);
    expect([answer.tree.cut[cut], answer.tree.total[cut]]).toEqual([2, 112]);
    const below = await json(flamegraphResponseSchema, 'flamegraph', {
      query: CPU,
      root: '["main","work","slow"]',
    });
    expect(below.tree.total.at(-1)).toBe(100);
  });

  it('filters as pprof does', async () => {
    const collapsed = async (params: Record<string, string>): Promise<string> =>
      (await get('flamegraph', { query: CPU, format: 'collapsed', ...params })).text();
    expect(await collapsed({})).toBe('main;work 80\nmain;work;alloc 12\nmain;work;slow 100\n');
    expect(await collapsed({ focus: 'alloc' })).toBe('main;work;alloc 12\n');
    expect(await collapsed({ ignore: 'alloc|slow' })).toBe('main;work 80\n');
    expect(await collapsed({ hide: '^work' })).toBe('main 80\nmain;alloc 12\nmain;slow 100\n');
    expect(await collapsed({ show_from: 'work' })).toBe('work 80\nwork;alloc 12\nwork;slow 100\n');
  });

  const sides = { left_query: `${CPU}{version="1"}`, right_query: `${CPU}{version="2"}` };
  const bothRanges = { left_from: range.from, left_to: range.to, right_from: range.from, right_to: range.to };

  it('compares two selectors, raw and per instance-second', async () => {
    const raw = await (await get('flamegraph/diff', { ...sides, ...bothRanges, format: 'collapsed' })).text();
    expect(raw).toBe('main;work 40 40\nmain;work;alloc 12 0\nmain;work;slow 0 100\n');
    const top = await json(answerSchema('get', 'top'), 'top', {
      ...sides,
      ...bothRanges,
      normalize: 'instance_seconds',
    });
    expect(top.unit).toBe('cores');
    expect(top.functions[0]).toMatchObject({ name: 'slow', self: 0, selfRight: 100 / 10e9 });
    const work = top.functions.find((fn) => fn.name === 'work');
    expect([work?.self, work?.selfRight]).toEqual([40 / 20e9, 40 / 10e9]);
  });

  it('refuses to compare two profile types', async () => {
    const response = await get('flamegraph/diff', { ...bothRanges, left_query: CPU, right_query: HEAP });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { code: 'profile_types_differ' } });
  });

  it('exports pprof that holds the same stacks', async () => {
    const response = await get('profile.pb.gz', { query: CPU });
    expect(response.headers.get('content-type')).toBe('application/octet-stream');
    const columns = new ProfileDecoder().decode(gunzipSync(Buffer.from(await response.arrayBuffer())));
    const flat = new StackFlattener().flatten(columns, { salt: { lo: 0, hi: 0 } });
    expect(toCollapsed(flat, 0)).toBe('main;work 80\nmain;work;alloc 12\nmain;work;slow 100\n');
    expect(flat.sampleTypes).toEqual([{ type: 'cpu', unit: 'nanoseconds' }]);
  });

  it('draws timelines as rates, totals and levels, grouped by a label', async () => {
    const rate = await json(timelineResponseSchema, 'timeline', {
      query: CPU,
      step: '60000',
      group_by: 'version',
    });
    expect(rate.unit).toBe('cores');
    const sum = (values: (number | null)[]): number =>
      values.reduce<number>((total, value) => total + (value ?? 0), 0);
    expect(rate.groups.map((group) => [group.labels['version'], group.total])).toEqual([
      ['1', 52],
      ['2', 140],
    ]);
    expect(sum(rate.groups[1]!.values)).toBeCloseTo(140 / 10e9, 15);
    const total = await json(timelineResponseSchema, 'timeline', {
      query: CPU,
      step: '60000',
      mode: 'total',
    });
    expect([total.unit, sum(total.groups[0]!.values)]).toEqual(['nanoseconds', 192]);
    const level = await json(timelineResponseSchema, 'timeline', { query: HEAP, step: '3600000' });
    expect([level.unit, sum(level.groups[0]!.values)]).toEqual(['bytes', 201]);
  });

  it('tells what there is', async () => {
    const types = await json(profileTypesResponseSchema, 'profile-types');
    expect(types.profileTypes.map(({ id, kind }) => [id, kind])).toEqual([
      [HEAP, 'gauge'],
      [CPU, 'interval'],
    ]);
    expect(await (await get('labels')).json()).toEqual({
      names: ['instance', 'service_name', 'version'],
      truncated: false,
    });
    expect(await (await get('labels/version/values')).json()).toEqual({
      values: ['1', '2'],
      truncated: false,
    });
    const series = await json(seriesResponseSchema, 'series', { query: `${CPU}{version!="1"}` });
    expect(series.series.map(({ labels }) => labels['instance'])).toEqual(['b']);
    const { services } = await json(servicesResponseSchema, 'services');
    expect(services.map(({ name, instances, versions }) => [name, instances, versions.length])).toEqual([
      ['shop', 2, 2],
    ]);
  });

  it('says which neighbour does not answer', async () => {
    const response = await get('targets');
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ error: { code: 'scraper_unavailable' } });
  });
});
