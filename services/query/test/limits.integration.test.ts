import { waitFor } from '@everflame/testkit';
import { afterEach, describe, expect, it } from 'vitest';
import { TestQuery } from './support/query-service.ts';

let query: TestQuery;

afterEach(() => query.close());

const start = async (settings: Readonly<Record<string, string>>): Promise<void> => {
  query = await TestQuery.start(undefined, undefined, settings);
};

/** Makes every read of label names take as long as it may. */
async function slowDownLabels(): Promise<void> {
  const statements = [
    `RENAME TABLE label_values TO label_values_kept`,
    `INSERT INTO label_values_kept SELECT 'default', today(), 'instance', 'cpu', 'checkout', toString(number) FROM numbers(1000)`,
    `CREATE VIEW label_values AS SELECT * FROM label_values_kept WHERE sleepEachRow(0.5) = 0
SETTINGS max_block_size = 1, function_sleep_max_microseconds_per_block = 0`,
  ];
  for (const text of statements) await query.clickhouse.command({ text, params: {} });
}

async function runningReads(): Promise<number> {
  const text = `SELECT toUInt32(count()) AS n FROM system.processes
WHERE query LIKE '%FROM label_values%' AND query NOT LIKE '%system.processes%' AND NOT is_cancelled`;
  const answer = await query.clickhouse.select({ text, params: {} });
  return answer.numbers('n')[0] ?? 0;
}

const ask = (signal: AbortSignal): Promise<Response> =>
  fetch(`${query.url}/api/v1/labels?query=%7B%7D&from=now-1d&to=now%2B1d`, { signal });

describe('a client that leaves', () => {
  it('takes its statement in ClickHouse with it', async () => {
    await start({});
    await slowDownLabels();
    const leaving = new AbortController();
    const answer = ask(leaving.signal);
    await waitFor(async () => (await runningReads()) > 0, { what: 'a running statement' });
    leaving.abort();
    await expect(answer).rejects.toThrow();
    await waitFor(async () => (await runningReads()) === 0, { what: 'no running statement' });
  });

  it('makes room for those who wait, of whom there may be only so many', async () => {
    await start({ QUERY_MAX_RUNNING: '1', QUERY_MAX_WAITING: '1' });
    await slowDownLabels();
    const leaving = new AbortController();
    const first = ask(leaving.signal);
    await waitFor(async () => (await runningReads()) > 0, { what: 'a running statement' });
    const waiting = query.get('profile-types', { query: '{}' });
    const refused = await waitFor(
      async () => {
        const response = await query.get('series', { query: '{}' });
        return response.status === 429 && response;
      },
      { what: 'a refusal' },
    );
    expect(refused.headers.get('retry-after')).toBe('1');
    expect(await refused.json()).toMatchObject({ error: { code: 'too_many_queries' } });
    leaving.abort();
    await expect(first).rejects.toThrow();
    expect((await waiting).status).toBe(200);
  });
});

describe('a query over its budget', () => {
  it.each([
    ['QUERY_MAX_READ_ROWS', 'rows to read'],
    ['QUERY_MAX_RESULT_ROWS', 'rows or bytes in its answer'],
    ['QUERY_MAX_MEMORY_BYTES', 'memory'],
  ])('stops at %s with what to do', async (setting, what) => {
    await start({ [setting]: setting === 'QUERY_MAX_MEMORY_BYTES' ? '4000000' : '100' });
    const text = `INSERT INTO label_values SELECT 'default', today(), 'instance', 'cpu', 'checkout', concat(toString(number), repeat('x', 200)) FROM numbers(50000)`;
    await query.clickhouse.command({ text, params: {} });
    const response = await query.get('labels/instance/values', { query: '{}', from: 'now-1d', to: 'now+1d' });
    expect(response.status).toBe(413);
    expect(await response.json()).toMatchObject({
      error: {
        code: 'query_too_expensive',
        message: `The query needs more ${what} than it may.`,
        hint: 'Ask for a shorter range or narrow the selector.',
      },
    });
  });
});

describe('regular expressions', () => {
  it('that cost just what they may are compiled and matched within little memory', async () => {
    await start({ QUERY_MAX_MEMORY_BYTES: '50000000' });
    const text = `INSERT INTO series SELECT 'default', today(), 'a:b:c:d:e', 'gauge', 'checkout', number,
map('a', concat(repeat('ab', number % 500), hex(sipHash64(number)))) FROM numbers(2000)`;
    await query.clickhouse.command({ text, params: {} });
    const range = { from: 'now-1d', to: 'now+1d', limit: '1' };
    for (const [part, copies] of [
      ['a{1000}', 9],
      ['(a?b?)', 90],
      ['(a|b)', 175],
      ['[^a]', 170],
      ['.', 170],
      ['\\\\pL', 18],
      ['\\\\d+', 60],
    ] as const) {
      const ask = (times: number): Promise<Response> =>
        query.get('series', { query: `{a=~"${part.repeat(times)}"}`, ...range });
      expect([part, (await ask(copies)).status]).toEqual([part, 200]);
      const refused = await ask(copies + Math.ceil(copies / 5));
      expect(await refused.json()).toMatchObject({ error: { code: 'regex_too_expensive' } });
    }
  });
});
