import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { API_ROUTES } from '@everflame/contract';
import { afterAll, beforeAll, describe, expect, expectTypeOf, it } from 'vitest';
import { ApiClient, ApiError } from '../src/index.ts';
import type { AnswerOf } from '../src/route-types.ts';

interface Asked {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly type: string | undefined;
  readonly body: string;
}

let server: Server;
let origin: string;
let answer: { status: number; body: string } = { status: 200, body: '{}' };
const asked: Asked[] = [];

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

beforeAll(async () => {
  server = createServer((request, response) => {
    void textOf(request).then((body) => {
      const { method, url, headers } = request;
      asked.push({ method, url, type: headers['content-type'], body });
      response.writeHead(answer.status, { 'x-request-id': 'req-1' }).end(answer.body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(() => {
  server.close();
});

function failureOf(work: Promise<unknown>): Promise<ApiError> {
  return work.then(
    () => expect.unreachable('it succeeded'),
    (error: unknown) => error as ApiError,
  );
}

describe('the client of the API', () => {
  it('puts parameters into the path or after it, and leaves out those that are undefined or empty', () => {
    const client = new ApiClient();
    const url = client.url('labels/{name}/values', {
      name: 'a/b$&',
      query: '{x="1"}',
      from: undefined,
      to: '',
    });
    expect(url).toBe('/api/v1/labels/a%2Fb%24%26/values?query=%7Bx%3D%221%22%7D');
    expect(client.url('alerts', {})).toBe('/api/v1/alerts');
  });

  it('knows what each call takes and answers', () => {
    const client = new ApiClient();
    expectTypeOf<AnswerOf<'get', 'labels'>>().toEqualTypeOf<{ names: string[]; truncated: boolean }>();
    expectTypeOf<AnswerOf<'delete', 'rules/{id}'>>().toEqualTypeOf<null>();
    // @ts-expect-error: there is no such call.
    void (() => client.get('nothing', {}));
    // @ts-expect-error: a label without its name.
    void (() => client.get('labels/{name}/values', { query: '{}' }));
    // @ts-expect-error: sides are both needed.
    void (() => client.get('flamegraph/diff', { left_query: '{}' }));
  });

  it('sends JSON with a content type, and none without a body', async () => {
    answer = { status: 200, body: '{"restored":3}' };
    const client = new ApiClient({ origin });
    const body = { query: '{}', from: 'now-1d', to: 'now' };
    expect(await client.send('post', 'lost-stacks/restore', { body })).toEqual({ restored: 3 });
    expect(asked.at(-1)).toEqual({
      method: 'POST',
      url: '/api/v1/lost-stacks/restore',
      type: 'application/json',
      body: JSON.stringify(body),
    });
    answer = { status: 204, body: '' };
    expect(await client.send('delete', 'rules/{id}', { params: { id: 'a b' } })).toBeNull();
    expect(asked.at(-1)).toMatchObject({ method: 'DELETE', url: '/api/v1/rules/a%20b', type: undefined });
  });

  it('carries the code and the hint of a refusal', async () => {
    answer = {
      status: 400,
      body: '{"error":{"code":"invalid_selector","message":"No.","hint":"Try {}.","requestId":"req-2"}}',
    };
    const error = await failureOf(new ApiClient({ origin }).get('services', {}));
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({
      status: 400,
      code: 'invalid_selector',
      message: 'No.',
      hint: 'Try {}.',
      requestId: 'req-2',
    });
  });

  it('says that an error of another program, or no answer, is one', async () => {
    answer = { status: 502, body: '<html>' };
    const error = await failureOf(new ApiClient({ origin }).get('services', {}));
    expect(error).toMatchObject({ status: 502, code: 'unexpected_answer', requestId: 'req-1' });
    const none = await failureOf(new ApiClient({ origin: 'http://127.0.0.1:1' }).get('services', {}));
    expect(none).toMatchObject({ status: 0, code: 'network_error' });
  });

  it('shows what was sent in place of JSON', async () => {
    answer = { status: 200, body: `<html>${'a'.repeat(1000)}` };
    const error = await failureOf(new ApiClient({ origin }).get('services', {}));
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ status: 200, code: 'unexpected_answer', requestId: 'req-1' });
    expect(error.hint).toMatch(/^It begins with: <html>a{194}$/);
  });

  it('refuses an answer that is not what the contract says, where it is given the routes', async () => {
    answer = { status: 200, body: '{"names":[1],"truncated":false}' };
    await expect(new ApiClient({ origin, routes: API_ROUTES }).get('labels', {})).rejects.toThrow(/names/);
    expect(await new ApiClient({ origin }).get('labels', {})).toEqual({ names: [1], truncated: false });
  });
});
