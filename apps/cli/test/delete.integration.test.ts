import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { freePort } from '@everflame/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type DeleteCommand, deleteProfiles } from '../src/commands/delete.ts';
import { EXIT } from '../src/exit.ts';

const FOUND = {
  query: '{env="dev"}',
  from: Date.UTC(2026, 0, 1, 0, 30),
  to: Date.UTC(2026, 0, 2),
  profiles: 1234,
  series: 1,
  services: 3,
  serviceNames: ['cart', 'shop'],
  hours: 23,
  hourRows: 46,
  dayRows: 0,
  bytes: 7_654_321,
  first: Date.UTC(2026, 0, 1, 1),
  last: Date.UTC(2026, 0, 1, 23),
  keptHours: [Date.UTC(2026, 0, 1)],
};

describe('everflame delete', () => {
  let server: Server;
  let command: DeleteCommand;
  let requests: [url: string | undefined, body: unknown][];
  let answers: Record<string, [status: number, body: unknown]>;
  let shown: string[];

  beforeEach(async () => {
    requests = [];
    shown = [];
    answers = {
      '/api/v1/delete/preview': [200, { ...FOUND, token: 'token', expires: 1 }],
      '/api/v1/delete': [200, FOUND],
    };
    server = createServer((request, response) => {
      let text = '';
      request.on('data', (chunk: Buffer) => (text += chunk.toString()));
      request.on('end', () => {
        requests.push([request.url, JSON.parse(text)]);
        const [status, body] = answers[request.url ?? ''] ?? [404, {}];
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    command = {
      selector: '{env="dev"}',
      from: 'now-1d',
      to: 'now',
      address,
      isConfirmed: false,
    };
  });

  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  const terminal = (answer: string | undefined) => ({
    show: (line: string) => void shown.push(line),
    ask: (question: string) => {
      shown.push(question);
      return Promise.resolve(answer);
    },
  });
  const urls = (): unknown[] => requests.map(([url]) => url);

  it('shows what would be removed, asks, and removes just that', async () => {
    await deleteProfiles(command, terminal('yes'));
    expect(shown).toEqual([
      '{env="dev"} from 2026-01-01T00:30:00.000Z to 2026-01-02T00:00:00.000Z:',
      '  1,234 profiles of 1 series, 23 hours of rollups, about 8 MB',
      '  first 2026-01-01T01:00:00.000Z, last 2026-01-01T23:00:00.000Z',
      '  services: cart, shop and 1 more',
      '  stays, as only rollups of the whole hour are left: 2026-01-01T00:00:00.000Z',
      'Delete this for good? Type yes: ',
      'Deleted 1,234 profiles and 23 hours of rollups.',
    ]);
    const { query, from, to } = FOUND;
    expect(requests).toEqual([
      ['/api/v1/delete/preview', { query: '{env="dev"}', from: 'now-1d', to: 'now' }],
      ['/api/v1/delete', { query, from, to, token: 'token' }],
    ]);
  });

  it('does not ask with --yes', async () => {
    await deleteProfiles({ ...command, isConfirmed: true }, terminal(undefined));
    expect(urls()).toEqual(['/api/v1/delete/preview', '/api/v1/delete']);
  });

  it.each([
    ['no', EXIT.failed, 'Nothing was deleted.'],
    ['', EXIT.failed, 'Nothing was deleted.'],
    [undefined, EXIT.invalidSettings, 'Add --yes'],
  ])('removes nothing when the answer is %s', async (answer, exitCode, message) => {
    await expect(deleteProfiles(command, terminal(answer))).rejects.toMatchObject({
      exitCode,
      message: expect.stringContaining(message) as string,
    });
    expect(urls()).toEqual(['/api/v1/delete/preview']);
  });

  it('asks nothing where there is nothing', async () => {
    const none = { profiles: 0, series: 0, services: 0, serviceNames: [], hours: 0, hourRows: 0, bytes: 0 };
    answers['/api/v1/delete/preview'] = [
      200,
      { ...FOUND, ...none, first: null, last: null, keptHours: [], token: 'token', expires: 1 },
    ];
    await deleteProfiles(command, terminal('yes'));
    expect(shown.slice(1)).toEqual(['  nothing']);
    expect(urls()).toEqual(['/api/v1/delete/preview']);
  });

  it('shows what cannot be seen in names escaped', async () => {
    answers['/api/v1/delete/preview'] = [
      200,
      { ...FOUND, serviceNames: ['a\u202eb', '\u001b[2J'], token: 'token', expires: 1 },
    ];
    await deleteProfiles(command, terminal('yes'));
    expect(shown).toContain('  services: a\\u202eb, \\u001b[2J and 1 more');
  });

  it('ends with the code of a refusal, and says where nobody answers', async () => {
    const error = { code: 'deletion_running', message: 'Another one.', hint: 'Wait.', requestId: '1' };
    answers['/api/v1/delete'] = [409, { error }];
    await expect(deleteProfiles(command, terminal('yes'))).rejects.toMatchObject({
      exitCode: EXIT.failed,
      message: 'deletion_running: Another one.',
      details: ['Wait.'],
    });
    const address = `http://127.0.0.1:${await freePort()}`;
    await expect(deleteProfiles({ ...command, address }, terminal('yes'))).rejects.toMatchObject({
      exitCode: EXIT.failed,
      message: `unavailable: the query service does not answer at ${address}.`,
    });
  });
});
