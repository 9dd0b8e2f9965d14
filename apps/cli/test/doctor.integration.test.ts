import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { command, doctor } from '../src/commands/doctor.ts';
import { EXIT, type ExitCode } from '../src/exit.ts';

const FROM = Date.UTC(2026, 0, 1, 12);
const TO = Date.UTC(2026, 0, 3, 6);
const CPU = 'process_cpu:cpu:nanoseconds:cpu:nanoseconds';
const LOST = {
  level: 'profile',
  type: CPU,
  service: 'shop\u202e',
  first: FROM,
  last: FROM + 1000,
  rows: 2,
  missingStacks: 3,
  brokenStacks: 1,
  value: 40,
};

describe('everflame doctor', () => {
  let server: Server;
  let address: string;
  let asked: [path: string, query: string | undefined, from: string | undefined, to: string | undefined][];
  let restorable: number;
  let lost: object[];
  let shown: string[];
  let steps: string[];

  beforeEach(async () => {
    asked = [];
    shown = [];
    steps = [];
    lost = [LOST];
    restorable = 0;
    server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        const { pathname, searchParams } = new URL(request.url ?? '', 'http://localhost');
        const sent =
          body === '' ? Object.fromEntries(searchParams) : (JSON.parse(body) as Record<string, string>);
        asked.push([pathname.replace('/api/v1/', ''), sent['query'], sent['from'], sent['to']]);
        response.writeHead(200, { 'content-type': 'application/json' });
        response.end(JSON.stringify(answerTo(pathname)));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  function answerTo(pathname: string): object {
    const service = { types: [], versions: [], instances: 1, lastSeen: TO };
    if (pathname.endsWith('/services'))
      return { from: FROM, to: TO, services: [{ name: 'shop', ...service }] };
    if (!pathname.endsWith('/restore')) return { from: FROM, to: TO, lost, restorable, truncated: false };
    const restored = restorable;
    restorable = 0;
    lost = [];
    return { restored };
  }

  const run = (...args: string[]): Promise<ExitCode> => {
    const asked = command.parse([...args, '--address', address]);
    if (asked === null) throw new Error('asks for help');
    return doctor(asked, { show: (line) => shown.push(line), progress: (line) => steps.push(line) });
  };

  it('looks at each service a day at a time, and says what is lost and what can be done', async () => {
    expect(await run(`${CPU}{env="prod"}`)).toBe(EXIT.lostStacks);
    const query = `${CPU}{service_name="shop",env="prod"}`;
    const days = [FROM, Date.UTC(2026, 0, 2), Date.UTC(2026, 0, 3), TO].map(String);
    expect(asked).toEqual([
      ['services', `${CPU}{env="prod"}`, 'now-14d', 'now'],
      ['lost-stacks', query, days[0], days[1]],
      ['lost-stacks', query, days[1], days[2]],
      ['lost-stacks', query, days[2], days[3]],
    ]);
    expect(shown.slice(0, 3)).toEqual([
      'Stacks from 2026-01-01T12:00:00.000Z to 2026-01-03T06:00:00.000Z that cannot be resolved:',
      `  shop\\u202e ${CPU}, profiles: 6, 2026-01-01T12:00:00.000Z to 2026-01-01T12:00:01.000Z`,
      '    stacks not stored: 9, stored in part: 3; they hold 120 nanoseconds',
    ]);
    expect(shown.join('\n')).toContain('everflame delete');
    expect(shown.join('\n')).not.toContain('--repair');
    expect(steps).toEqual([
      '0 of 3 days of services',
      '1 of 3 days of services',
      '2 of 3 days of services',
      '',
    ]);
  });

  it('says that all is well', async () => {
    lost = [];
    expect(await run()).toBe(EXIT.ok);
    expect(shown).toEqual([
      'All stacks from 2026-01-01T12:00:00.000Z to 2026-01-03T06:00:00.000Z can be resolved.',
    ]);
  });

  it('offers to copy what another service has, and copies it when told', async () => {
    restorable = 2;
    expect(await run()).toBe(EXIT.lostStacks);
    expect(shown.join('\n')).toContain(
      'Another service has 6 of them: everflame doctor --repair copies them.',
    );
    shown = [];
    expect(await run('--repair')).toBe(EXIT.ok);
    expect(shown[0]).toBe('Stacks copied from services that have them: 2');
    expect(asked.filter(([path]) => path === 'lost-stacks/restore').length).toBe(1);
  });

  it('answers one JSON object with --json', async () => {
    expect(await run('--json')).toBe(EXIT.lostStacks);
    expect(shown.length).toBe(1);
    expect(JSON.parse(shown[0] ?? '')).toEqual({
      from: FROM,
      to: TO,
      lost: [{ ...LOST, rows: 6, missingStacks: 9, brokenStacks: 3, value: 120 }],
      restorable: 0,
      restored: 0,
    });
  });

  it('refuses arguments that make no sense', () => {
    expect(() => command.parse(['{}', '{}'])).toThrow('one selector');
    expect(() => command.parse(['--address', 'nowhere'])).toThrow('not an address');
    expect(command.parse(['--help'])).toBeNull();
  });
});
