import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allowedEngines, allowedTableFunctions, refusedFunctions } from '../src/statements/refused-calls.ts';
import { startServer, type RunningServer } from './start-server.ts';

const SECRET = 'the secret of a file outside';

let running: RunningServer;
let outside: string;
let web: Server;
let requests = 0;

beforeAll(async () => {
  running = await startServer();
  outside = mkdtempSync(join(tmpdir(), 'everflame-outside-'));
  writeFileSync(join(outside, 'secret'), `${SECRET}\n`);
  web = createServer((_request, response) => {
    requests++;
    response.end(SECRET);
  });
  await new Promise<void>((done) => void web.listen(0, '127.0.0.1', done));
  await post("CREATE TABLE t (a UInt8, s String, file String DEFAULT '') ENGINE = MergeTree ORDER BY a");
});
afterAll(async () => {
  await running.stop();
  web.close();
  rmSync(outside, { recursive: true, force: true });
});

interface Answer {
  readonly status: number;
  readonly text: string;
}

async function post(sql: string, search: Record<string, string> = {}): Promise<Answer> {
  const query = new URLSearchParams(search).toString();
  const response = await fetch(`${running.server.url}/?${query}`, { method: 'POST', body: sql });
  return { status: response.status, text: await response.text() };
}

async function column(sql: string): Promise<string[]> {
  const { status, text } = await post(sql);
  expect(status, text).toBe(200);
  return text.trimEnd().split('\n');
}

/** Nothing came in from outside and nothing went out. */
function expectConfined({ status, text }: Answer): void {
  expect(status, text).toBeGreaterThanOrEqual(400);
  expect(text).toMatch(/^Code: \d+\. DB::Exception: /);
  expect(text).not.toContain(SECRET);
  expect(readdirSync(outside)).toEqual(['secret']);
  expect(requests).toBe(0);
}

const filled = (sql: string): string =>
  sql
    .replaceAll('SECRET', join(outside, 'secret'))
    .replaceAll('OUT', join(outside, 'out'))
    .replaceAll('WEB', `http://127.0.0.1:${(web.address() as AddressInfo).port}`);

const hostile: readonly string[] = [
  // Files
  "SELECT * FROM file('SECRET', LineAsString)",
  "SELECT * FROM FILE('SECRET', LineAsString)",
  "SELECT * FROM `file`('SECRET', 'LineAsString')",
  "SELECT * FROM \"file\" ('SECRET', 'LineAsString')",
  "SELECT * FROM /**/ file /* ( */ ( -- )\n'SECRET', LineAsString)",
  "SELECT * FROM url('file://SECRET', LineAsString)",
  "SELECT * FROM filesystem('/etc')",
  "SELECT * FROM fileCluster('default', 'SECRET', LineAsString)",
  "SELECT * FROM sqlite('SECRET', 't')",
  "SELECT * FROM executable('cat SECRET', TSV, 's String')",
  "SELECT * FROM icebergLocal('SECRET')",
  "SELECT * FROM deltaLakeLocal('SECRET')",
  "SELECT file('SECRET')",
  "SELECT\nfile\n('SECRET')",
  "SELECT `file`('SECRET')",
  "SELECT `f\\x69le`('SECRET')",
  "SELECT file/*('x')*/('SECRET')",
  "SELECT * APPLY(file) FROM (SELECT 'SECRET')",
  "SELECT * APPLY file FROM (SELECT 'SECRET')",
  "SELECT COLUMNS('.') APPLY(x -> file(x)) FROM (SELECT 'SECRET' AS x)",
  "SELECT arrayMap(file, ['SECRET'])",
  "SELECT arrayMap(file AS f, ['SECRET'])",
  "SELECT arrayMap(((file)), ['SECRET'])",
  "SELECT arrayMap(`file`, ['SECRET'])",
  "SELECT arrayMap(x -> file(x), ['SECRET'])",
  "WITH 'SECRET' AS path SELECT file(path)",
  "SELECT 1 AS a$b$, file('SECRET'), 2 AS c$b$",
  "SELECT TOP 1$b$ ' $b$, file('SECRET')",
  "SELECT (SELECT (SELECT file('SECRET')))",
  "SELECT 1 WHERE file('SECRET') != ''",
  "EXPLAIN SELECT * FROM file('SECRET', LineAsString)",
  "DESCRIBE file('SECRET', LineAsString)",
  "INSERT INTO t (s) SELECT file('SECRET')",
  "INSERT INTO t (s) VALUES (file('SECRET'))",
  "INSERT INTO t (s) VALUES ('a'), (concat(file('SECRET'), ''))",
  "INSERT INTO t (s) SETTINGS input_format_values_interpret_expressions = 1 VALUES (file('SECRET'))",
  "SELECT * FROM format(Values, 's String', '(file(\\'SECRET\\'))')",
  "SELECT * FROM format(JSONEachRow, 'a String, s String DEFAULT file(\\'SECRET\\')', '{\"a\":\"1\"}')",
  "SELECT * FROM values('s String', (file('SECRET')))",
  "INSERT INTO t (s) SELECT s FROM input('s String DEFAULT file(\\'SECRET\\')') FORMAT JSONEachRow {}",
  "CREATE TABLE u (s String DEFAULT file('SECRET')) ENGINE = MergeTree ORDER BY s",
  "ALTER TABLE t ADD COLUMN x String DEFAULT file('SECRET')",
  "ALTER TABLE t UPDATE s = file('SECRET') WHERE 1",
  "CREATE VIEW v AS SELECT * FROM file('SECRET', LineAsString)",
  "CREATE VIEW v AS SELECT file('SECRET')",
  "CREATE MATERIALIZED VIEW v ENGINE = Memory AS SELECT * FROM file('SECRET', LineAsString)",
  "CREATE TABLE u AS file('SECRET', LineAsString)",
  "SELECT * FROM view(SELECT file('SECRET'))",
  "SELECT * FROM eval(concat('SELECT fi', 'le(''SECRET'')')) SETTINGS allow_experimental_eval_table_function = 1",
  "SELECT * FROM t SETTINGS additional_table_filters = {'default.t': 'throwIf(file(\\'SECRET\\') != \\'\\', \\'x\\')'}",
  "SELECT 1 SETTINGS additional_result_filter = 'throwIf(1)'",
  "SELECT 1 FORMAT Template SETTINGS format_template_resultset = 'SECRET'",
  "SELECT 1 FORMAT Template SETTINGS format_template_row = 'SECRET'",
  "SELECT 1 AS a FORMAT Protobuf SETTINGS format_schema = 'SECRET:M'",
  "SELECT 1 AS a FORMAT Protobuf SETTINGS format_schema_source = 'query', format_schema = 'SELECT file(''SECRET'')'",
  "INSERT INTO t FROM INFILE 'SECRET' FORMAT TSV",
  "INSERT INTO t (s) FROM/**/INFILE 'SECRET' FORMAT LineAsString",
  "CREATE TABLE u (s String) ENGINE = File(LineAsString, 'SECRET')",
  "CREATE TABLE u (s String) ENGINE = `File`(LineAsString, 'SECRET')",
  "CREATE DATABASE d ENGINE = Filesystem('/etc')",
  "CREATE DATABASE d ENGINE = SQLite('SECRET')",
  "CREATE DATABASE d ENGINE = Backup('default', File('SECRET'))",
  "CREATE DICTIONARY d (s String) PRIMARY KEY s SOURCE(FILE(path 'SECRET' format 'TSV')) LAYOUT(FLAT()) LIFETIME(1)",
  "SELECT catboostEvaluate('SECRET', 1)",
  "ATTACH TABLE u FROM 'SECRET' (s String) ENGINE = MergeTree ORDER BY s",
  "RESTORE TABLE u FROM File('SECRET')",
  // Writing
  "INSERT INTO FUNCTION file('OUT', 'TSV', 's String') SELECT 'x'",
  "INSERT INTO TABLE FUNCTION file('OUT', 'TSV', 's String') VALUES ('x')",
  "SELECT 1 INTO OUTFILE 'OUT'",
  "SELECT 1 INTO/* */OUTFILE 'OUT'",
  "(SELECT 1) INTO OUTFILE 'OUT'",
  "EXPLAIN SELECT 1 INTO OUTFILE 'OUT'",
  "SELECT 1 INTO\u00a0OUTFILE 'OUT'",
  "SELECT 1 INTO\u200bOUTFILE 'OUT'",
  'SELECT 1 INTO OUTFILE ‘OUT’',
  "SELECT 1 into outfile 'OUT' TRUNCATE",
  "BACKUP TABLE t TO File('OUT')",
  "CREATE TABLE u (a UInt8) ENGINE = MergeTree ORDER BY a SETTINGS disk = disk(type = 'local', path = 'OUT/')",
  "ALTER TABLE t MODIFY SETTING disk = disk(type = 'local', path = 'OUT/')",
  "CREATE TABLE u (k UInt8) ENGINE = EmbeddedRocksDB(0, 'OUT') PRIMARY KEY k",
  "CREATE TABLE u (k UInt8) ENGINE/**/`EmbeddedRocksDB`(0, 'OUT') PRIMARY KEY k",
  "CREATE TABLE u (s String) PRIMARY KEY s SETTINGS default_table_engine = 'EmbeddedRocksDB'",
  // The network
  "SELECT * FROM url('WEB', LineAsString)",
  "SELECT * FROM urlCluster('default', 'WEB', LineAsString)",
  "SELECT * FROM s3('WEB/b/k', 'TSV')",
  "SELECT * FROM gcs('WEB/b/k', 'TSV')",
  "SELECT * FROM azureBlobStorage('WEB', 'c', 'b')",
  "SELECT * FROM hdfs('hdfs://127.0.0.1:1/f', 'TSV', 's String')",
  "SELECT * FROM remote('127.0.0.1:1', system.one)",
  "SELECT * FROM remoteSecure('127.0.0.1:1', system.one)",
  "SELECT * FROM cluster('default', system.one)",
  "SELECT * FROM mysql('127.0.0.1:1', 'd', 't', 'u', 'p')",
  "SELECT * FROM postgresql('127.0.0.1:1', 'd', 't', 'u', 'p')",
  "SELECT * FROM mongodb('127.0.0.1:1', 'd', 'c', 'u', 'p', 's String')",
  "SELECT * FROM redis('127.0.0.1:1', 'k', 'k String')",
  "SELECT * FROM jdbc('a', 'b', 'c')",
  "SELECT * FROM odbc('a', 'b', 'c')",
  "CREATE TABLE u (s String) ENGINE = URL('WEB', LineAsString)",
  "CREATE TABLE u (s String) ENGINE = Kafka('127.0.0.1:1', 't', 'g', 'TSV')",
  "CREATE TABLE u (s String) ENGINE = Distributed('c', 'd', 't')",
  "CREATE TABLE u (s String) ENGINE = Executable('cat', TSV)",
  "CREATE DATABASE d ENGINE = MySQL('127.0.0.1:1', 'a', 'b', 'c')",
  "CREATE DATABASE d ENGINE = PostgreSQL('127.0.0.1:1', 'a', 'b', 'c')",
  "CREATE DATABASE d ENGINE = S3('WEB')",
  "CREATE TABLE u (a UInt8) ENGINE = MergeTree ORDER BY a SETTINGS disk = disk(type = 'web', endpoint = 'WEB/')",
  "SELECT aiGenerate('x') SETTINGS allow_experimental_ai_functions = 1",
  "SELECT 1 FORMAT AvroConfluent SETTINGS format_avro_schema_registry_url = 'WEB'",
  // Rights
  "CREATE USER u IDENTIFIED BY 'p'",
  'GRANT ALL ON *.* TO default',
  'CREATE FUNCTION f AS x -> x',
  'CREATE NAMED COLLECTION c AS a = 1',
  'SYSTEM SHUTDOWN',
  'SYSTEM RELOAD CONFIG',
  'SELECT * FROM system.users',
  'INSERT INTO system.one VALUES (1)',
  'DROP DATABASE system',
  "SELECT 1 SETTINGS dialect = 'prql'",
  'SELECT 1; DROP TABLE t',
  'SELECT (1; DROP TABLE t',
];

describe('a statement that reaches outside its tables', () => {
  it.each(hostile)('is refused: %s', async (sql) => {
    expectConfined(await post(filled(sql)));
    expect(await column('SELECT count() FROM t')).toEqual(['0']);
  });

  it.each([
    { input_format_values_interpret_expressions: '1' },
    { input_format_values_deduce_templates_of_expressions: '1' },
    { dialect: 'kusto' },
    { additional_table_filters: "{'default.t': 'throwIf(1)'}" },
    { format_schema: '/etc/passwd' },
  ])('is not made possible by the parameter %j', async (search) => {
    const answer = await post('SELECT 1', search);
    expectConfined(answer);
    expect(answer.text).toContain('SETTING_CONSTRAINT_VIOLATION');
    expect(await column('SELECT 1')).toEqual(['1']);
  });

  it.each(['file', 'FILE', 'fil\\x65', 'f\\ile'])('is not made of a parameter: %s', async (param_f) => {
    expectConfined(await post(filled("SELECT arrayMap({f:Identifier}, ['SECRET'])"), { param_f }));
  });

  it('is refused however the call is written', async () => {
    const name = fc.constantFrom('file', '`file`', '"file"', 'File', '`f\\x69le`', '"fil\\x65"');
    const blank = fc
      .array(
        fc.constantFrom(
          ' ',
          '\n',
          '\t',
          '/* ( */',
          '/* /* ) */ */',
          '-- (\n',
          '// )\n',
          '# (\n',
          '\u00a0',
          '\u3000',
        ),
        {
          maxLength: 3,
        },
      )
      .map((parts) => parts.join(''));
    const before = fc.constantFrom(
      'SELECT ',
      "SELECT '--', ",
      'SELECT "a""b", ',
      "SELECT 'it''s', ",
      "SELECT '\\'', ",
      'SELECT * FROM ',
      'SELECT $$x$$, ',
      "SELECT [(1, '(')], ",
    );
    const call = fc.constantFrom('(ARG)', "(ARG, 'LineAsString')", '(((ARG)))');
    const shapes = fc.tuple(before, name, blank, call, fc.boolean());
    await fc.assert(
      fc.asyncProperty(shapes, async ([start, file, gap, args, isArgument]) => {
        const path = `'${join(outside, 'secret')}'`;
        const sql = isArgument
          ? `${start}arrayMap(${gap}${file}${gap}, [${path}])`
          : `${start}${gap}${file}${gap}${args.replace('ARG', path)}`;
        expectConfined(await post(sql));
      }),
      { numRuns: 300 },
    );
  });
});

describe('what the engine has', () => {
  it('refuses every table function that is not known to be harmless', async () => {
    const names = await column('SELECT name FROM system.table_functions');
    expect(names.length).toBeGreaterThan(50);
    for (const name of names.filter((each) => !allowedTableFunctions.has(each.toLowerCase()))) {
      const { status, text } = await post(`SELECT * FROM ${name}()`);
      expect([name, status, text]).toEqual([name, 403, expect.stringContaining('ACCESS_DENIED')]);
    }
  });

  it('refuses every engine that could keep its rows elsewhere', async () => {
    const engines = await column(
      'SELECT name FROM system.table_engines UNION ALL SELECT name FROM system.database_engines',
    );
    const others = engines.filter((name) => !allowedEngines.has(name.toLowerCase()));
    expect(others.length).toBeGreaterThan(50);
    for (const name of others) {
      for (const kind of ['TABLE u (s String)', 'DATABASE u']) {
        const { status, text } = await post(`CREATE ${kind} ENGINE = ${name}`);
        expect([name, status, text]).toEqual([name, 403, expect.stringContaining('ACCESS_DENIED')]);
      }
    }
  });

  it('has no function that calls a model or reads a file and is not refused', async () => {
    const names = await column(
      "SELECT lower(name) FROM system.functions WHERE categories IN ('AI') OR match(name, '(?i)^(ai[a-z]|file$|catboost|naiveBayesClass|reverseDNS|.*https?$)')",
    );
    expect(new Set(names.filter((name) => !refusedFunctions.has(name)))).toEqual(new Set());
  });
});

it('takes what services send', async () => {
  await post("INSERT INTO t (a, s, file) VALUES (1, 'x', 'main.go')");
  expect(await column('SELECT CAST(file AS String) AS f FROM t')).toEqual(['main.go']);
  expect(await column('SELECT number FROM numbers(2)')).toEqual(['0', '1']);
});
