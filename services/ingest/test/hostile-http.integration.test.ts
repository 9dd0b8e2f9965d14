import { gzipSync } from 'node:zlib';
import { pprofOfCollapsed } from '@everflame/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { outcomeOf, RawSocket } from './support/raw-socket.ts';
import { startTestIngest, type TestIngest } from './support/test-ingest.ts';

const profile = gzipSync(pprofOfCollapsed({ stacks: ['main;work 30', 'main;work;alloc 12'] }));
const PATH = '/api/v1/profiles?service_name=shop';

describe('the HTTP door', () => {
  let ingest: TestIngest;

  beforeAll(async () => {
    ingest = await startTestIngest();
  });
  afterAll(async () => ingest.close());

  /** Sends bytes on a connection of its own; the request must make the server close it. */
  async function raw(...parts: readonly (string | Uint8Array)[]): Promise<readonly [number, string]> {
    const socket = await RawSocket.open(ingest.httpPort);
    for (const part of parts) socket.send(part);
    return outcomeOf(await socket.untilClosed());
  }
  const head = (...lines: readonly string[]): string =>
    `${[`POST ${PATH} HTTP/1.1`, 'Host: 127.0.0.1', 'Connection: close', ...lines].join('\r\n')}\r\n\r\n`;
  const post = async (path: string, body: Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) => {
    const response = await fetch(`${ingest.url}${path}`, { method: 'POST', body, headers });
    return outcomeOf(`HTTP/1.1 ${response.status}\n${await response.text()}`);
  };
  const isServing = async (): Promise<void> => {
    expect((await post(PATH, profile))[0]).toBe(201);
  };

  it.each([
    'application/octet-stream',
    'text/html',
    'application/json',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'a/b; c="',
    ';;;',
    '',
  ])('takes the body for bytes whatever its content type: %j', async (type) => {
    const headers = [`Content-Type: ${type}`, `Content-Length: ${profile.length}`];
    expect((await raw(head(...headers), profile))[0]).toBe(201);
  });

  it('takes a body in pieces, and one without content type', async () => {
    const size = profile.length.toString(16);
    const chunked = [head('Transfer-Encoding: chunked'), `${size}\r\n`, profile, '\r\n0\r\n\r\n'];
    expect((await raw(...chunked))[0]).toBe(201);
    expect((await raw(head(`Content-Length: ${profile.length}`), profile))[0]).toBe(201);
  });

  it.each([
    [
      'pieces that are none',
      head('Transfer-Encoding: chunked') + 'zzzz\r\nabc\r\n',
      [400, 'malformed_request'],
    ],
    ['a length that is none', head('Content-Length: many'), [400, 'malformed_request']],
    ['two lengths', head('Content-Length: 1', 'Content-Length: 2') + 'ab', [400, 'malformed_request']],
    ['no request', '\u0000\u0001\u0002\r\n\r\n', [400, 'malformed_request']],
    ['another protocol', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', [400, 'malformed_request']],
    [
      'an address of 1 MB',
      `POST ${PATH}&x=${'y'.repeat(1 << 20)} HTTP/1.1\r\n\r\n`,
      [431, 'limit_header_bytes'],
    ],
    [
      'a flood of headers',
      head(...Array.from({ length: 5000 }, (_, i) => `X-${i}: y`)),
      [431, 'limit_header_bytes'],
    ],
    ['a length beyond the limit', head('Content-Length: 17000000'), [413, 'limit_request_bytes']],
    ['no body', head('Content-Length: 0'), [400, 'malformed_profile']],
  ])('answers %s with its code and closes', async (_, bytes, expected) => {
    expect(await raw(bytes)).toEqual(expected);
    await isServing();
  });

  it('answers a body in pieces, which goes through the framework, as any other', async () => {
    const paths = [PATH, `${PATH}&zone=a&zone=b`, `${PATH}&name=a%3Ab`, '/api/v1/profiles', `${PATH}&from=x`];
    const answers = async (lines: readonly string[], ...body: readonly (string | Uint8Array)[]) => {
      const texts: string[] = [];
      for (const path of paths) {
        const socket = await RawSocket.open(ingest.httpPort);
        socket.send(head(...lines).replace(PATH, path));
        for (const part of body) socket.send(part);
        texts.push((await socket.untilClosed()).replace(/Date: .*|"requestId":"[^"]{36}"/g, ''));
      }
      return texts;
    };
    const size = profile.length.toString(16);
    const inPieces = answers(['Transfer-Encoding: chunked'], `${size}\r\n`, profile, '\r\n0\r\n\r\n');
    const whole = await answers([`Content-Length: ${profile.length}`], profile);
    expect(whole.map((text) => text.slice(0, 12))).toEqual([
      'HTTP/1.1 201',
      ...Array(4).fill('HTTP/1.1 400'),
    ]);
    expect(whole).toEqual(await inPieces);
  });

  it('answers several pushes on one connection in their order', async () => {
    const post = (path: string, ...lines: readonly string[]): Buffer => {
      const text = [
        `POST ${path} HTTP/1.1`,
        'Host: 127.0.0.1',
        ...lines,
        `Content-Length: ${profile.length}`,
      ];
      return Buffer.concat([Buffer.from(`${text.join('\r\n')}\r\n\r\n`), profile]);
    };
    const socket = await RawSocket.open(ingest.httpPort);
    const last = post(PATH, 'Connection: close');
    const sent = Buffer.concat([post(PATH), post(`${PATH}&a-b=1`), post(PATH, 'Expect: 100-continue'), last]);
    // Cut anywhere, also in the middle of a profile.
    for (let at = 0; at < sent.length; at += 100) socket.send(sent.subarray(at, at + 100));
    const statuses = [...(await socket.untilClosed()).matchAll(/HTTP\/1\.1 (\d+)/g)].map(
      ([, status]) => status,
    );
    expect(statuses).toEqual(['201', '400', '100', '201', '201']);
  });

  it('drops a body that ends before its length, and one whose client goes away', async () => {
    const socket = await RawSocket.open(ingest.httpPort);
    socket.send(head('Content-Length: 5000')).send(profile).socket.end();
    expect(outcomeOf(await socket.untilClosed())[0]).not.toBe(201);
    const gone = await RawSocket.open(ingest.httpPort);
    gone.send(head('Content-Length: 5000')).send(profile).destroy();
    await isServing();
  });

  it('takes two gzip members for one profile, and gzip inside gzip', async () => {
    const plain = pprofOfCollapsed({ stacks: ['main;work 30'] });
    const members = Buffer.concat([gzipSync(plain.subarray(0, 20)), gzipSync(plain.subarray(20))]);
    expect(await post(PATH, members)).toEqual([201, '']);
    expect(await post(PATH, gzipSync(gzipSync(plain)))).toEqual([201, '']);
    expect(await post(PATH, members, { 'content-encoding': 'gzip' })).toEqual([201, '']);
  });

  it.each([
    ['gzip three times', gzipSync(gzipSync(gzipSync(profile))), [400, 'malformed_profile']],
    ['half a gzip', profile.subarray(0, 40), [400, 'malformed_profile']],
    ['a bomb', gzipSync(Buffer.alloc(200 << 20)), [413, 'limit_decompressed_bytes']],
    ['a bomb in gzip', gzipSync(gzipSync(Buffer.alloc(200 << 20))), [413, 'limit_decompressed_bytes']],
    ['too many sample types', gzipSync(Buffer.alloc(1 << 20, '\n\u0000')), [413, 'limit_sample_types']],
    [
      'a value that is not exact',
      pprofOfCollapsed({ stacks: ['a 9007199254740991', 'a 1'] }),
      [413, 'value_too_large'],
    ],
  ])('refuses %s', async (_, body, expected) => {
    expect(await post(PATH, body)).toEqual(expected);
    await isServing();
  });

  it.each([
    ['a label twice', `${PATH}&zone=a&zone=b`, [400, 'invalid_label']],
    ['service_name twice', `${PATH}&service_name=cart`, [400, 'invalid_label']],
    ['an empty service_name', '/api/v1/profiles?service_name=', [400, 'invalid_label']],
    ['a label name that is none', `${PATH}&a-b=1`, [400, 'invalid_label']],
    ['a label name of 129 characters', `${PATH}&${'n'.repeat(129)}=1`, [413, 'limit_label_name_length']],
    ['a label value of 1025 characters', `${PATH}&n=${'v'.repeat(1025)}`, [413, 'limit_label_value_length']],
    ['a name that is none', `${PATH}&name=a%3Ab`, [400, 'invalid_profile_name']],
    ['a time that is none', `${PATH}&from=yesterday`, [400, 'invalid_argument']],
    ['a time ahead', `${PATH}&from=4000000000`, [400, 'timestamp_in_future']],
    ['a time long ago', `${PATH}&from=1000000000`, [400, 'timestamp_too_old']],
  ])('refuses %s', async (_, path, expected) => {
    expect(await post(path, profile)).toEqual(expected);
  });

  it.each(['%ff%fe', '%', '%zz', '%00', '%e2%82', '%ed%a0%80', 'a+b', '%f0%9f%94%a5'])(
    'reads the label value %s as text or refuses it',
    async (value) => {
      const [status, code] = await post(`${PATH}&zone=${value}`, profile);
      expect([status, code]).toEqual(status === 201 ? [201, ''] : [400, 'invalid_label']);
    },
  );

  it('counts every refusal under its code', async () => {
    const count = () => ingest.metric('everflame_ingest_profiles_total', 'outcome="invalid_label"');
    const before = await count();
    await post(`${PATH}&zone=a&zone=b`, profile);
    expect(await count()).toBe(before + 1);
  });
});
