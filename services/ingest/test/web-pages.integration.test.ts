import { askRaw, doorCases, outcomeOfCase, pprofOfCollapsed } from '@everflame/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestIngest, type TestIngest } from './support/test-ingest.ts';

const PATH = '/api/v1/profiles?service_name=shop';

describe('the HTTP door of ingest', () => {
  let ingest: TestIngest;

  beforeAll(async () => {
    ingest = await startTestIngest({ INGEST_ALLOWED_HOSTS: 'profiles.example.com,.internal.example' });
  });
  afterAll(() => ingest.close());

  it.each(doorCases({ method: 'POST', path: PATH }))('takes or refuses %s', async (_, lines, outcome) => {
    expect(await outcomeOfCase(ingest.httpPort, lines(ingest.httpPort))).toEqual(outcome);
  });

  const push = (headers: Record<string, string>): Promise<Response> => {
    const body = pprofOfCollapsed({ stacks: ['main;work 30'] });
    return fetch(`${ingest.url}${PATH}`, { method: 'POST', body, headers });
  };

  it('takes no profile from a page', async () => {
    const profiles = (): Promise<number> => ingest.metric('everflame_ingest_profiles_total');
    const before = await profiles();
    for (const origin of ['https://evil.example', 'null', 'http://localhost:3000']) {
      const answer = await push({ origin });
      expect([answer.status, await answer.text()]).toEqual([403, expect.stringContaining('foreign_origin')]);
    }
    expect(await profiles()).toBe(before);
    expect((await push({})).status).toBe(201);
    expect(await profiles()).toBe(before + 1);
  });

  it('says of the answer to a push what it says of all answers', async () => {
    const { headers } = await push({});
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('cache-control')).toBe('no-store');
  });

  it('has a gRPC door that takes nothing of what browsers send in clear text', async () => {
    const lines = [`POST ${PATH} HTTP/1.1`, `Host: 127.0.0.1:${ingest.grpcPort}`, 'Content-Length: 0'];
    const { status } = await askRaw(ingest.grpcPort, lines);
    expect(status).not.toBeLessThan(400);
  });

  it('names the variable that allows a name', async () => {
    const { text } = await askRaw(ingest.httpPort, ['GET /readyz HTTP/1.1', 'Host: ingest']);
    expect(text).toContain('INGEST_ALLOWED_HOSTS');
  });
});
