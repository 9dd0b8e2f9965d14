import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import {
  ClickHouseError,
  ClickHouseLogLevel,
  createClient,
  type ClickHouseSettings,
} from '@clickhouse/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startServer, type RunningServer } from './start-server.ts';

let running: RunningServer;

beforeAll(async () => {
  running = await startServer();
});
afterAll(() => running.stop());

async function rowsOf(query: string, query_params: Record<string, unknown> = {}): Promise<unknown[]> {
  const result = await running.client.query({ query, query_params, format: 'JSONCompactEachRow' });
  return result.json();
}

async function execBytes(query: string): Promise<Buffer> {
  const { stream } = await running.client.exec({ query });
  return Buffer.concat(await stream.toArray());
}

/** As a writer does it: the answer is read to its end, so that the connection can be used again. */
async function execInsert(query: string, chunks: Buffer[], settings: ClickHouseSettings = {}): Promise<void> {
  const values = Readable.from(chunks, { objectMode: false });
  const { stream } = await running.client.exec({ query, values, clickhouse_settings: settings });
  await stream.toArray();
}

function prefixed(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([Buffer.from([bytes.length]), bytes]);
}

/** One Native block with a UInt64 and a String column. */
function nativeBlock(numbers: bigint[], texts: string[]): Buffer {
  return Buffer.concat([
    Buffer.from([2, numbers.length]),
    prefixed('a'),
    prefixed('UInt64'),
    Buffer.from(BigUint64Array.from(numbers).buffer),
    prefixed('s'),
    prefixed('String'),
    ...texts.map(prefixed),
  ]);
}

const insertOnce = (token: string, text: string): Promise<void> =>
  execInsert('INSERT INTO once (a, s) FORMAT Native', [nativeBlock([1n], [text])], {
    insert_deduplication_token: token,
    async_insert: 0,
  });

const failure = (query: string): Promise<unknown> =>
  running.client.query({ query, format: 'JSON' }).catch((error: unknown) => error);

describe('the methods of the client', () => {
  it('answers ping in both forms', async () => {
    expect(await running.client.ping()).toEqual({ success: true });
    expect(await running.client.ping({ select: true })).toEqual({ success: true });
  });

  it('creates databases and tables, inserts rows and reads them back', async () => {
    await running.client.command({ query: 'CREATE DATABASE shop' });
    const client = createClient({ url: running.server.url, database: 'shop' });
    await client.command({
      query: 'CREATE TABLE t (id UInt64, name String) ENGINE = MergeTree ORDER BY id;',
    });
    const inserted = await client.insert({
      table: 't',
      values: [
        { id: '18446744073709551615', name: 'line\n\nbreak' },
        { id: 1, name: "quote ' and é" },
      ],
      format: 'JSONEachRow',
    });
    expect(inserted.summary?.written_rows).toBe('2');
    const result = await client.query({ query: 'SELECT * FROM t ORDER BY id', format: 'JSONEachRow' });
    expect(await result.json()).toEqual([
      { id: '1', name: "quote ' and é" },
      { id: '18446744073709551615', name: 'line\n\nbreak' },
    ]);
    await client.close();
  });

  it('runs an INSERT with VALUES and INSERT … SELECT as commands', async () => {
    await running.client.command({
      query: 'CREATE TABLE v (id UInt64, name String) ENGINE = MergeTree ORDER BY id',
    });
    await running.client.command({
      query: "INSERT INTO v (id, name) VALUES (1, 'a\n\nb'), (2, 'it''s; fine')",
    });
    await running.client.command({ query: 'INSERT INTO v SELECT id + 10, name FROM v WHERE id = 1' });
    expect(await rowsOf('SELECT id, name FROM v ORDER BY id')).toEqual([
      ['1', 'a\n\nb'],
      ['2', "it's; fine"],
      ['11', 'a\n\nb'],
    ]);
  });

  it('streams rows into an insert', async () => {
    await running.client.command({
      query: 'CREATE TABLE streamed (id UInt64) ENGINE = MergeTree ORDER BY id',
    });
    const rows = Readable.from(
      Array.from({ length: 5000 }, (_, id) => ({ id })),
      { objectMode: true },
    );
    await running.client.insert({ table: 'streamed', values: rows, format: 'JSONEachRow' });
    expect(await rowsOf('SELECT count(), sum(id) FROM streamed')).toEqual([['5000', '12497500']]);
  });

  it('reports the query id, the format and a summary', async () => {
    const result = await running.client.query({ query: 'SELECT 1', query_id: 'my-query', format: 'JSON' });
    expect(result.query_id).toBe('my-query');
    expect(result.response_headers['x-clickhouse-query-id']).toBe('my-query');
    expect(result.response_headers['x-clickhouse-format']).toBe('JSON');
    expect(JSON.parse(String(result.response_headers['x-clickhouse-summary']))).toMatchObject({
      result_rows: '1',
    });
    expect(await result.json()).toMatchObject({ data: [{ '1': 1 }], rows: 1 });
  });
});

describe('binary rows', () => {
  const numbers = [0x0a0a0a0an, 0x0a0a_0a0a_0a0a_0a0an, 7n];
  const texts = ['\n\n', 'plain', '\u0000\n\nz'];

  it('inserts a Native block that contains empty lines, and returns it byte for byte', async () => {
    await running.client.command({
      query: 'CREATE TABLE nat (a UInt64, s String) ENGINE = MergeTree ORDER BY s',
    });
    const block = nativeBlock(numbers, texts);
    await execInsert('INSERT INTO nat (a, s) FORMAT Native', [block.subarray(0, 30), block.subarray(30)]);
    const order = 'ORDER BY indexOf([168430090, 723401728380766730, 7]::Array(UInt64), a)';
    expect(await execBytes(`SELECT a, s FROM nat ${order} FORMAT Native`)).toEqual(block);
  });

  it('inserts RowBinary with a gzip body, and answers gzip on request', async () => {
    await running.client.command({ query: 'CREATE TABLE rb (a UInt64) ENGINE = MergeTree ORDER BY a' });
    const body = Buffer.from(BigUint64Array.from(numbers).buffer);
    const query = encodeURIComponent('INSERT INTO rb FORMAT RowBinary');
    const inserted = await fetch(`${running.server.url}/?query=${query}`, {
      method: 'POST',
      headers: { 'content-encoding': 'gzip' },
      body: new Uint8Array(gzipSync(body)),
    });
    expect([inserted.status, await inserted.text()]).toEqual([200, '']);
    expect(await rowsOf('SELECT count() FROM rb')).toEqual([['3']]);

    const client = createClient({ url: running.server.url, compression: { request: true, response: true } });
    const result = await client.query({ query: 'SELECT number FROM numbers(10000)', format: 'JSONEachRow' });
    expect(result.response_headers['content-encoding']).toBe('gzip');
    expect((await result.json()).length).toBe(10_000);
    await client.insert({ table: 'rb', values: [{ a: 1 }], format: 'JSONEachRow' });
    expect(await rowsOf('SELECT count() FROM rb')).toEqual([['4']]);
    await client.close();
  });

  it('drops an insert whose deduplication token was seen, whatever its rows', async () => {
    await running.client.command({
      query:
        'CREATE TABLE once (a UInt64, s String) ENGINE = MergeTree ORDER BY a SETTINGS non_replicated_deduplication_window = 100',
    });
    await insertOnce('segment-1', 'first');
    await insertOnce('segment-1', 'changed');
    await insertOnce('segment-2', 'second');
    expect(await rowsOf('SELECT s FROM once ORDER BY s')).toEqual([['first'], ['second']]);
  });

  it('answers a cut Native block with an error and keeps no rows', async () => {
    await running.client.command({
      query: 'CREATE TABLE cut (a UInt64, s String) ENGINE = MergeTree ORDER BY a',
    });
    const failed = execInsert('INSERT INTO cut (a, s) FORMAT Native', [
      nativeBlock(numbers, texts).subarray(0, 40),
    ]);
    await expect(failed).rejects.toMatchObject({ code: '33', type: 'CANNOT_READ_ALL_DATA' });
    expect(await rowsOf('SELECT count() FROM cut')).toEqual([['0']]);
  });
});

describe('formats, databases and settings', () => {
  it('quotes 64-bit integers in JSON formats unless told otherwise', async () => {
    const query = 'SELECT toUInt64(9007199254740993) AS n';
    const result = await running.client.query({ query, format: 'JSONCompact' });
    expect((await result.json<[string]>()).data).toEqual([['9007199254740993']]);
    for (let turn = 0; turn < 8; turn++) {
      const unquoted = await running.client.query({
        query,
        format: 'JSONEachRow',
        clickhouse_settings: { output_format_json_quote_64bit_integers: 0 },
      });
      expect(await unquoted.text()).toBe('{"n":9007199254740993}\n');
      expect(await rowsOf(query)).toEqual([['9007199254740993']]);
    }
  });

  it.each(['max_block_size', 'max_result_rows', 'readonly'])(
    'applies %s to its statement only, on whatever session, also where the statement fails',
    async (setting) => {
      const value = setting === 'readonly' ? '2' : '77';
      const query = 'SELECT getSetting({setting:String}) AS value';
      const read = (clickhouse_settings: ClickHouseSettings): Promise<unknown[]> =>
        running.client
          .query({ query, query_params: { setting }, format: 'JSONCompactEachRow', clickhouse_settings })
          .then((result) => result.json());
      const [before] = await read({});
      const fail = running.client.query({
        query: 'SELECT throwIf(1)',
        clickhouse_settings: { [setting]: value },
      });
      await expect(fail).rejects.toMatchObject({ code: '395' });
      const set = await Promise.all(Array.from({ length: 12 }, () => read({ [setting]: value })));
      expect(new Set(set.flat(2).map(String))).toEqual(new Set([value]));
      const after = await Promise.all(Array.from({ length: 12 }, () => read({})));
      expect(new Set(after.map(([row]) => JSON.stringify(row)))).toEqual(new Set([JSON.stringify(before)]));
    },
  );

  it('stops a statement at max_execution_time', async () => {
    const endless = running.client.query({
      query: 'SELECT count() FROM numbers(1000000000000) WHERE NOT ignore(sin(number))',
      clickhouse_settings: { max_execution_time: 1 },
    });
    await expect(endless).rejects.toMatchObject({ code: '159', type: 'TIMEOUT_EXCEEDED' });
  });

  it('runs each statement in the database it names', async () => {
    const names = ['db_a', 'db_b', 'db with `odd name'];
    for (const name of names) {
      await running.client.command({ query: 'CREATE DATABASE {name:Identifier}', query_params: { name } });
    }
    const clients = names.map((database) =>
      createClient({ url: running.server.url, database, log: { level: ClickHouseLogLevel.OFF } }),
    );
    const answers = await Promise.all(
      Array.from({ length: 24 }, async (_, index) => {
        const client = clients[index % clients.length]!;
        const result = await client.query({ query: 'SELECT currentDatabase() AS d', format: 'JSONEachRow' });
        return (await result.json<{ d: string }>())[0]?.d;
      }),
    );
    expect(answers).toEqual(Array.from({ length: 24 }, (_, index) => names[index % names.length]));
    expect(await rowsOf('SELECT currentDatabase()')).toEqual([['default']]);
    await running.client.command({ query: 'DROP DATABASE db_a' });
    for (let turn = 0; turn < 8; turn++) {
      await expect(clients[0]!.query({ query: 'SELECT 1' })).rejects.toMatchObject({
        type: 'UNKNOWN_DATABASE',
      });
    }
    await Promise.all(clients.map((client) => client.close()));
  });
});

it('takes the comments that ClickHouse takes', async () => {
  const query = 'SELECT 1 // a; b\n, 2 # c;\n, 3 #! d;\n, 4 -- e;\n /* /* ; */ ; */ , 5 ;';
  expect(await (await fetch(running.server.url, { method: 'POST', body: query })).text()).toBe(
    '1\t2\t3\t4\t5\n',
  );
});

describe('refusals', () => {
  it.each([
    ['SELECT nosuch', '47', 'UNKNOWN_IDENTIFIER'],
    ['SELECT * FROM nosuch', '60', 'UNKNOWN_TABLE'],
    ["SELECT throwIf(1, 'boom')", '395', 'FUNCTION_THROW_IF_VALUE_IS_NON_ZERO'],
    ['SELECT 1; DROP TABLE t', '62', 'SYNTAX_ERROR'],
    ['SELECT {missing:String}', '456', 'UNKNOWN_QUERY_PARAMETER'],
  ])('%s fails as a ClickHouseError %s %s', async (query, code, type) => {
    const error = await failure(query);
    expect(error).toBeInstanceOf(ClickHouseError);
    expect(error).toMatchObject({ code, type });
  });

  it.each([
    ['SET max_threads = 1', 500, '344'],
    ['USE system', 500, '344'],
    ['CREATE TEMPORARY TABLE x (a Int8)', 500, '344'],
    ["SELECT 1 INTO OUTFILE '/tmp/x'", 400, '78'],
    ["INSERT INTO t FROM INFILE '/etc/passwd' FORMAT CSV", 400, '78'],
    ['', 400, '62'],
  ])('%j is refused with status %i and code %s', async (query, status, code) => {
    const response = await fetch(running.server.url, { method: 'POST', body: query });
    expect([response.status, response.headers.get('x-clickhouse-exception-code')]).toEqual([status, code]);
    expect(await response.text()).toMatch(new RegExp(`^Code: ${code}\\. DB::Exception: .+ \\([A-Z_]+\\)\n$`));
  });

  it('answers an unknown setting and a malformed one as errors, and goes on', async () => {
    const unknown = await fetch(`${running.server.url}/?nosuch=1`, { method: 'POST', body: 'SELECT 1' });
    expect([unknown.status, unknown.headers.get('x-clickhouse-exception-code')]).toEqual([404, '115']);
    const malformed = await fetch(`${running.server.url}/?max%20threads%3D1=1`, {
      method: 'POST',
      body: 'SELECT 1',
    });
    expect([malformed.status, malformed.headers.get('x-clickhouse-exception-code')]).toEqual([400, '36']);
    expect(await rowsOf('SELECT 1')).toEqual([[1]]);
  });
});

describe('bounds', () => {
  it('refuses a statement beyond max_query_size, and runs it where a setting allows it', async () => {
    const query = `SELECT length('${'x'.repeat(300_000)}') AS n`;
    await expect(rowsOf(query)).rejects.toMatchObject({ code: '62' });
    const clickhouse_settings = { max_query_size: '400000' };
    const result = await running.client.query({ query, clickhouse_settings, format: 'JSONCompactEachRow' });
    expect(await result.json()).toEqual([['300000']]);
  });

  it('takes a long INSERT whose rows follow the statement in the body', async () => {
    await running.client.command({ query: 'CREATE TABLE long (s String) ENGINE = MergeTree ORDER BY s' });
    const values = Array.from({ length: 2000 }, (_, index) => `('${String(index).repeat(100)}')`).join(',');
    await running.client.command({ query: `INSERT INTO long VALUES ${values}` });
    expect(await rowsOf('SELECT uniqExact(s) FROM long')).toEqual([['2000']]);
  });
});
