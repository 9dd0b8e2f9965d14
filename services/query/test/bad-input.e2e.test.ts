import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { API_ROUTES, type ApiRoute, errorBodySchema, openApiDocument } from '@everflame/contract';
import { pprofOfCollapsed, quietLogger } from '@everflame/testkit';
import type { Logger } from '@everflame/service-kit';
import { ProfileBatch } from '@everflame/storage';
import * as fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { apiOf } from '../src/adapters/http/api.ts';
import type { Neighbours } from '../src/adapters/http/neighbour.controller.ts';
import type { QueryInterceptor } from '../src/adapters/http/query.interceptor.ts';
import { TestQuery } from './support/query-service.ts';
import { RecordingProxy } from './support/recording-proxy.ts';
import { addPprof } from './support/store-pprof.ts';

const CPU = 'process_cpu:cpu:nanoseconds:cpu:nanoseconds';
const NOW = Date.now() - 120_000;
const RANGE = { from: String(NOW - 60_000), to: String(NOW + 60_000) };
const SIDES = { left_query: CPU, right_query: CPU };
const DOCUMENTED = new Set(
  readFileSync(join(import.meta.dirname, '../../../docs/api.md'), 'utf8').match(/`[a-z_0-9]+`/g),
);

/** What was logged at error level or above. */
function loggerInto(logged: string[]): Logger {
  const logger = quietLogger();
  const note = (...parts: unknown[]): void => void logged.push(JSON.stringify(parts));
  return Object.assign(Object.create(logger) as Logger, { error: note, fatal: note });
}

const proxy = new RecordingProxy();
const errors: string[] = [];
let query: TestQuery;

beforeAll(async () => {
  query = await TestQuery.start(loggerInto(errors), (url) => proxy.start(url));
  const batch = new ProfileBatch();
  for (let index = 0; index < 3; index++) {
    addPprof(batch, pprofOfCollapsed({ stacks: ['main;work 3', 'main;idle 4'] }), {
      name: 'process_cpu',
      labels: { service_name: 'shop', version: String(index) },
      timeMs: NOW,
      durationMs: 10_000,
    });
  }
  await query.insert(batch);
});
afterAll(async () => {
  await query.close();
  await proxy.stop();
});
beforeEach(() => {
  errors.length = 0;
  proxy.bodies.length = 0;
});

/** Status and code of a refusal, which has to have the shape of every error. */
async function refusal(response: Response): Promise<[number, string]> {
  expect(response.headers.get('content-type')).toMatch(/^application\/json/);
  const { error } = errorBodySchema.parse(await response.json());
  expect(DOCUMENTED).toContain(`\`${error.code}\``);
  return [response.status, error.code];
}

describe('refusals', () => {
  const CATASTROPHE = `(${'a*'.repeat(20)})*${'(x+x+)+'.repeat(20)}y`;

  it.each<[string, string, Record<string, string>, number, string]>([
    ['no profile type', 'flamegraph', { query: '{}' }, 400, 'invalid_selector'],
    ['half a selector', 'flamegraph', { query: `${CPU}{a=` }, 400, 'invalid_selector'],
    ['a selector of 10 kB', 'series', { query: `{a="${'x'.repeat(10_000)}"}` }, 400, 'invalid_argument'],
    ['a wrong regex in a selector', 'flamegraph', { query: `${CPU}{a=~"("}` }, 400, 'invalid_selector'],
    ['a wrong regex', 'flamegraph', { query: CPU, focus: '(' }, 400, 'invalid_regex'],
    ['a look-ahead', 'flamegraph', { query: CPU, hide: '(?=a)' }, 400, 'invalid_regex'],
    ['a wrong regex of tags', 'flamegraph', { query: CPU, tagfocus: 'a=(' }, 400, 'invalid_regex'],
    ['a regex that unfolds', 'series', { query: '{a=~"(a{1000}){1000}"}' }, 400, 'regex_too_expensive'],
    ['64 large regexes', 'series', { query: `{${'a=~"(b?){99}",'.repeat(64)}}` }, 400, 'regex_too_expensive'],
    ['a large regex of tags', 'top', { query: CPU, tagfocus: '\\pL{30}' }, 400, 'regex_too_expensive'],
    [
      '2,000 groups within groups',
      'series',
      { query: `{a=~"${'('.repeat(2000)}${')'.repeat(2000)}"}` },
      400,
      'invalid_selector',
    ],
    [
      'a range of numeric tags',
      'flamegraph',
      { query: CPU, tagfocus: 'bytes=1kb:2kb' },
      400,
      'invalid_argument',
    ],
    ['10 years', 'flamegraph', { query: CPU, from: 'now-3650d', to: 'now' }, 400, 'range_too_long'],
    ['to before from', 'timeline', { query: CPU, from: 'now', to: 'now-1h' }, 400, 'inverted_range'],
    ['a time that is none', 'series', { from: 'yesterday' }, 400, 'invalid_time'],
    ['30 February', 'series', { from: '2026-02-30T00:00:00Z' }, 400, 'invalid_time'],
    ['a time beyond all times', 'series', { from: 'now+999999999w' }, 400, 'invalid_time'],
    ['no nodes', 'flamegraph', { query: CPU, max_nodes: '0' }, 400, 'invalid_argument'],
    ['too many nodes', 'flamegraph', { query: CPU, max_nodes: '1000001' }, 400, 'invalid_argument'],
    ['half-written JSON', 'flamegraph', { query: CPU, root: '["main' }, 400, 'invalid_argument'],
    ['JSON of another shape', 'flamegraph', { query: CPU, root: '{"a":[1]}' }, 400, 'invalid_argument'],
    ['an unknown root', 'flamegraph', { query: CPU, root: '["nobody"]' }, 404, 'unknown_root'],
    ['an unknown function', 'sandwich', { query: CPU, function: 'nobody' }, 404, 'unknown_function'],
    ['no function', 'sandwich', { query: CPU }, 400, 'invalid_argument'],
    ['an unknown format', 'flamegraph', { query: CPU, format: 'xml' }, 400, 'invalid_argument'],
    ['an unknown granularity', 'top', { query: CPU, granularity: 'address' }, 400, 'invalid_argument'],
    ['a step that is no number', 'timeline', { query: CPU, step: '1m' }, 400, 'invalid_argument'],
    [
      'too many buckets',
      'timeline',
      { query: CPU, step: '1000', from: 'now-30d', to: 'now' },
      400,
      'too_many_buckets',
    ],
    ['a group that is no label', 'timeline', { query: CPU, group_by: 'a b' }, 400, 'invalid_label'],
    ['a label name that is none', 'labels/a%20b/values', {}, 400, 'invalid_label'],
    ['a label name of 2,000 characters', `labels/${'x'.repeat(2000)}/values`, {}, 400, 'invalid_label'],
    ['a label name of 15,000 characters', `labels/${'x'.repeat(15_000)}/values`, {}, 400, 'invalid_label'],
    ['a profile id of 2,000 characters', `profiles/${'x'.repeat(2000)}`, {}, 404, 'unknown_profile'],
    ['one side', 'flamegraph/diff', { left_query: CPU }, 400, 'invalid_argument'],
    ['two types', 'explain', { left_query: CPU, right_query: 'a:b:c:d:e' }, 400, 'profile_types_differ'],
    ['pprof of nothing', 'flamegraph', { query: 'a:b:c:d:e', format: 'pprof' }, 404, 'no_profiles'],
    ['an unknown path', 'nothing/here', {}, 404, 'not_found'],
    ['an unknown profile', 'profiles/abc', {}, 404, 'unknown_profile'],
  ])('%s', async (_what, path, params, status, code) => {
    expect(await refusal(await query.get(path, { ...RANGE, ...params }))).toEqual([status, code]);
    expect(errors).toEqual([]);
  });

  it('refuses 1 MB of text by the size of the address, in the shape of every error', async () => {
    for (let round = 0; round < 5; round++) {
      const response = await query.get('flamegraph', { query: `${CPU}{a="${'x'.repeat(1_000_000)}"}` });
      expect(await refusal(response)).toEqual([431, 'limit_header_bytes']);
    }
  });

  it('refuses a parameter that is there twice', async () => {
    for (const twice of [
      'query=a&query=b',
      `query=${CPU}&focus=a&focus=b`,
      `query=${CPU}&format=json&format=json`,
    ]) {
      const response = await fetch(`${query.url}/api/v1/flamegraph?${twice}`);
      expect(await refusal(response)).toEqual([400, 'invalid_argument']);
    }
  });

  it('refuses other methods and says which there are', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH']) {
      const response = await fetch(`${query.url}/api/v1/flamegraph`, { method });
      expect(response.headers.get('allow')).toBe('GET');
      expect(await refusal(response)).toEqual([405, 'method_not_allowed']);
    }
    expect((await fetch(`${query.url}/api/v1/labels`, { method: 'HEAD' })).status).toBe(200);
  });

  it('ignores parameters that it does not know, as Prometheus does', async () => {
    const response = await query.get('flamegraph', { query: CPU, ...RANGE, nothing: 'x', __proto__: 'y' });
    expect(response.status).toBe(200);
  });

  it('answers regular expressions that defeat backtracking', async () => {
    for (const params of [
      { focus: CATASTROPHE },
      { query: `${CPU}{service_name=~"${CATASTROPHE}"}` },
      { tagfocus: `service_name=${CATASTROPHE}` },
      { tagignore: CATASTROPHE },
    ]) {
      const response = await query.get('top', { query: CPU, ...RANGE, ...params });
      expect(response.status).toBe(200);
    }
  });

  it('answers an unknown type or label with nothing, and what was asked', async () => {
    const unknown = `nothing:at:all:of:this{region="mars"}`;
    expect(await query.json('flamegraph', { query: unknown, ...RANGE })).toMatchObject({
      left: { query: unknown, profiles: 0, series: 0, total: 0 },
      nodes: 1,
      notice: expect.stringContaining('no profiles of type nothing:at:all:of:this') as string,
    });
    const notices = async (query_: string, range = RANGE): Promise<string> =>
      (await query.json<{ notice: string }>('top', { query: query_, ...range })).notice;
    expect(await notices(`${CPU}{service_name="shop",region="mars"}`)).toContain('{region="mars"}');
    expect(await notices(`${CPU}{version="1",service_name="other"}`)).toContain('{service_name="other"}');
    expect(await notices(`${CPU}{version="1",version!="1"}`)).toContain('all of');
    const before = { from: String(NOW - 2000), to: String(NOW - 1000) };
    expect(await notices(CPU, before)).toContain('have no profiles in this range');
    expect(
      await query.json('flamegraph/diff', {
        ...SIDES,
        left_from: 'now-1m',
        right_query: unknown.replace('nothing', 'no'),
        left_query: unknown.replace('nothing', 'no'),
      }),
    ).toMatchObject({
      notice: expect.stringContaining('no:at:all:of:this') as string,
    });
    expect(await query.json('labels/nothing/values', RANGE)).toEqual({ values: [], truncated: false });
    expect(await query.json('timeline', { query: unknown, ...RANGE, group_by: 'mars' })).toMatchObject({
      groups: [],
      groupCount: 0,
    });
  });
});

/** Every read with what it needs; hostile texts replace one value at a time. */
const READS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'profile-types': {},
  labels: {},
  'labels/{name}/values': { name: 'version' },
  series: {},
  services: {},
  'lost-stacks': {},
  timeline: { query: CPU, group_by: 'version' },
  heatmap: { query: CPU },
  flamegraph: { query: CPU },
  'flamegraph/diff': SIDES,
  'profile.pb.gz': { query: CPU },
  top: { query: CPU },
  sandwich: { query: CPU, function: 'work' },
  explain: SIDES,
  profiles: { query: CPU },
  'profiles/{id}': { id: 'x' },
};

function parameterNames({ path, method }: ApiRoute): string[] {
  const { paths } = openApiDocument() as {
    paths: Record<string, Record<string, { parameters?: { name: string }[] }>>;
  };
  return (paths[`/api/v1/${path}`]?.[method]?.parameters ?? []).map(({ name }) => name);
}

/** In every hostile text, and nowhere else. */
const MARK = 'q7zx';

const hostile = fc
  .oneof(
    fc.constantFrom(
      "'; DROP TABLE profiles; --",
      "' OR 1=1 --",
      '{x:String}',
      '\\x27); SELECT sleep(3)',
      '`profiles`',
      '%00\u0000\u0001\u001b[31m',
      '\r\nX-Injected: 1',
      '${7*7}{{7*7}}',
      '../../etc/passwd',
      '\ud800',
      '😀\u202e',
      '/* */ UNION ALL SELECT 1',
    ),
    fc.string({ maxLength: 40 }),
    fc.string({ unit: 'binary', maxLength: 20 }),
  )
  .map((text) => `${MARK}${text}`);

/** The text as it is, and where a query could carry it past its parser. */
const places: readonly ((text: string) => string)[] = [
  (text) => text,
  (text) => `${CPU}{service_name="${quoted(text)}"}`,
  (text) => `${CPU}{${MARK}!~"${quoted(text)}"}`,
  (text) => `{version=~"(?:${quoted(text.replace(/[^\w ]/g, '.'))})?.*"}`,
  (text) => `version=${text}`,
  (text) => JSON.stringify([text]),
];

function quoted(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

describe('hostile texts', () => {
  const cases = API_ROUTES.filter(({ path }) => path in READS).flatMap((route) =>
    parameterNames(route).map((name) => ({ read: route.path, name })),
  );

  it('cover every read of the API', () => {
    const reads = API_ROUTES.filter(({ method, query: schema }) => method === 'get' && schema !== undefined);
    expect(Object.keys(READS).toSorted()).toEqual(reads.map(({ path }) => path).toSorted());
  });

  it('in any parameter are answered or refused by code, log no error and never reach the text of a statement', async () => {
    const anyCase = fc.record({
      at: fc.constantFrom(...cases),
      place: fc.constantFrom(...places),
      text: hostile,
    });
    await fc.assert(
      fc.asyncProperty(anyCase, async ({ at, place, text }) => {
        const params: Record<string, string> = { ...RANGE, ...READS[at.read], [at.name]: place(text) };
        const path = at.read.replaceAll(/\{(\w+)\}/g, (_part, name: string) => {
          const value = params[name] ?? '';
          delete params[name];
          return encodeURIComponent(Buffer.from(value).toString());
        });
        const response = await query.get(path, params);
        if (response.status === 200) await response.arrayBuffer();
        else if (response.headers.get('x-go-pprof') === '1') expect(response.status).toBeLessThan(500);
        else expect((await refusal(response))[0]).toBeLessThan(500);
      }),
      { numRuns: 400, seed: 20261123 },
    );
    expect(errors).toEqual([]);
    expect(proxy.bodies.length).toBeGreaterThan(100);
    expect(proxy.bodies.filter((body) => body.includes(MARK))).toEqual([]);
  }, 120_000);
});

describe('the document', () => {
  it('is served, and has the routes of the service and no others', async () => {
    expect(await query.json('openapi.json')).toEqual(openApiDocument());
    const documented = API_ROUTES.map(({ path }) => path.replaceAll(/\{(\w+)\}/g, ':$1'));
    expect(routesOf()).toEqual([...new Set(documented)].toSorted());
  });
});

/** Paths of the controllers below `api/v1/`, but that of everything else. */
function routesOf(): string[] {
  const { controllers = [] } = apiOf({} as QueryInterceptor, {} as Neighbours, []);
  const paths = controllers.flatMap((controller) => {
    const prototype = controller.prototype as object;
    const names = Object.getOwnPropertyNames(prototype).filter((name) => name !== 'constructor');
    return names.flatMap((name) => {
      const method = Reflect.get(prototype, name) as object;
      const path = Reflect.getMetadata('path', method) as string | string[] | undefined;
      const below = Reflect.getMetadata('path', controller) as string;
      return path === undefined ? [] : [path].flat().map((own) => join(below, own));
    });
  });
  const own = paths.map((path) => path.replace(/^api\/v1\//, '').replace(/\/$/, ''));
  return own.filter((path) => path !== '*').toSorted();
}
