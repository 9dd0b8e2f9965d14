import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  applyStatement,
  resetStatement,
  stringLiteral,
  quotedIdentifier,
} from '../src/sessions/session-settings.ts';
import { tokenize } from '../src/statements/statement-tokenizer.ts';
import { analyseStatement } from '../src/statements/statement.ts';

const texts = (sql: string): string[] => [...tokenize(sql)].map((token) => token.text);

describe('tokenize', () => {
  it('skips line comments, nested block comments and white space', () => {
    expect(texts('SELECT 1 -- a; b\n, 2 // c\n, 3 # d\n /* x /* y */ ; */ , 4')).toEqual(
      'SELECT 1 , 2 , 3 , 4'.split(' '),
    );
  });

  it('keeps strings and quoted identifiers whole', () => {
    expect(texts("'a''b' 'c\\';' \"d;\" `e\\`;`")).toEqual(["'a''b'", "'c\\';'", '"d;"', '`e\\`;`']);
  });

  it.each(['SELECT $t$ x $t$', 'SELECT 1 AS a$b$', "SELECT 1 INTO\u00a0OUTFILE 'x'", 'SELECT ‘x’'])(
    'refuses %j, which the engine might read differently',
    (sql) => {
      expect(() => texts(Buffer.from(sql).toString('latin1'))).toThrow(
        /^Code: 62\. DB::Exception: Syntax error: position \d+/,
      );
    },
  );

  it('covers every character of any text exactly once or as a blank or comment', () => {
    const code = fc.string({ unit: 'binary-ascii' }).map((text) => text.replaceAll('$', ''));
    fc.assert(
      fc.property(code, (sql) => {
        let position = 0;
        for (const token of tokenize(sql)) {
          expect(token.start).toBeGreaterThanOrEqual(position);
          expect(sql.slice(token.start, token.end)).toBe(token.text);
          expect(token.end).toBeGreaterThan(token.start);
          position = token.end;
        }
      }),
    );
  });

  it('reads any string literal and any quoted identifier as one token', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(texts(stringLiteral(text))).toHaveLength(1);
        expect(texts(quotedIdentifier(text))).toHaveLength(1);
        const apply = applyStatement({ settings: new Map(), parameters: new Map([['x', text]]) }, new Map());
        expect(texts(apply ?? '')).toEqual(['SET', 'param_x', '=', stringLiteral(text)]);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('settings of a session', () => {
  const parameters = new Map<string, string>();

  it('sets what differs from what the request before left, and takes back what is not wanted', () => {
    const kept = new Map([
      ['max_threads', '1'],
      ['max_result_rows', '5'],
      ['max_execution_time', '30'],
    ]);
    const settings = new Map([
      ['max_execution_time', '30'],
      ['max_threads', '2'],
    ]);
    expect(applyStatement({ settings, parameters }, kept)).toBe(
      "SET max_result_rows = DEFAULT, max_threads = '2'",
    );
    expect(applyStatement({ settings: kept, parameters }, kept)).toBeUndefined();
  });

  it('takes back at once what could stand in the way of the next SET, and long parameters', () => {
    const settings = new Map([
      ['max_threads', '1'],
      ['readonly', '1'],
    ]);
    const long = new Map([['ids', 'x'.repeat(100_000)]]);
    expect(resetStatement({ settings, parameters: long })).toEqual({
      statement: "SET max_threads = DEFAULT, readonly = DEFAULT, param_ids = ''",
      kept: new Map(),
    });
  });
});

describe('analyseStatement', () => {
  it('finds the format, the placeholders and the end of a statement', () => {
    const sql =
      "SELECT {a:UInt8}, '{no:String}', [{ b : Array(String) }] FORMAT Native SETTINGS max_threads = 1 ; -- done";
    const statement = analyseStatement(sql);
    expect(statement.format).toBe('Native');
    expect([...statement.placeholders]).toEqual(['a', 'b']);
    expect(sql.slice(0, statement.end)).toBe(sql.slice(0, sql.indexOf(' ;')));
    expect(statement.insert).toBeUndefined();
  });

  it.each([
    ['INSERT INTO t (a, format) FORMAT Native\n\n\u0001', 'INSERT INTO t (a, format) ', 'Native', '\n\u0001'],
    ['insert into d.t settings x = 1 format CSV 1,2', 'insert into d.t ', 'CSV', '1,2'],
    ["INSERT INTO t VALUES (1, 'a;b'); ", 'INSERT INTO t ', 'Values', "(1, 'a;b'); "],
    ['INSERT INTO `values` FORMAT TSV', 'INSERT INTO `values` ', 'TSV', ''],
    ['INSERT INTO values VALUES (1)', 'INSERT INTO values ', 'Values', '(1)'],
  ])('finds the rows behind %j', (sql, target, format, rows) => {
    const { insert } = analyseStatement(sql);
    expect(insert).toBeDefined();
    expect(sql.slice(0, insert?.targetEnd)).toBe(target);
    expect(insert?.format).toBe(format);
    expect(sql.slice(insert?.rowsStart)).toBe(rows);
  });

  it.each([
    ['SELECT format FROM t', undefined],
    ['SELECT format FROM t FORMAT JSON', 'JSON'],
    ["SELECT format('{}', 1) FROM (SELECT 1 FORMAT x)", undefined],
    ['SHOW TABLES FORMAT TSV', 'TSV'],
  ])('names the format of %j: %s', (sql, format) => {
    expect(analyseStatement(sql).format).toBe(format);
  });

  it('finds the settings between target and format', () => {
    const sql = "INSERT INTO t (a) SETTINGS insert_deduplication_token = 'FORMAT' FORMAT Native";
    const { insert } = analyseStatement(sql);
    expect(sql.slice(insert?.settings?.start, insert?.settings?.end)).toBe(
      "SETTINGS insert_deduplication_token = 'FORMAT' ",
    );
  });

  it.each([
    'INSERT INTO t SELECT 1',
    'INSERT INTO t (a) WITH x AS (SELECT 1) SELECT * FROM x',
    'CREATE TABLE t (a Int8)',
  ])('finds no rows in %j', (sql) => {
    expect(analyseStatement(sql).insert).toBeUndefined();
  });

  it.each(['SELECT 1; SELECT 2', "SELECT ';' ; x", 'SELECT 1;;', '', ' -- nothing', 'SET a = 1', 'use d'])(
    'refuses %j',
    (sql) => {
      expect(() => analyseStatement(sql)).toThrow(/^Code: \d+\. DB::Exception: /);
    },
  );

  it.each([
    "SELECT file('/etc/passwd')",
    "SELECT `file` /* x */ ('/etc/passwd')",
    'SELECT "FILE"\n(\'/etc/passwd\')',
    "SELECT `f\\x69le`('/etc/passwd')",
    "SELECT arrayMap(file, ['/etc/passwd'])",
    "SELECT arrayMap((file), ['/etc/passwd'])",
    "SELECT arrayMap(`file` AS f, ['/etc/passwd'])",
    'SELECT * APPLY(file) FROM t',
    'SELECT * APPLY file FROM t',
    'SELECT * APPLY file',
    "INSERT INTO t SELECT arrayMap(file, ['/etc/passwd'])",
    "INSERT INTO t (file, b) SELECT 1, arrayMap(file, ['/etc/passwd'])",
    "CREATE TABLE t (a Int8) ENGINE = MergeTree ORDER BY a SETTINGS disk = disk(type = 'local')",
  ])('refuses the call in %s', (sql) => {
    expect(() => analyseStatement(sql)).toThrow(/^Code: (?:497|62)\. DB::Exception: /);
  });

  it.each([
    'CREATE TABLE frames (id UInt32, file LowCardinality(String)) ENGINE = MergeTree ORDER BY id',
    'INSERT INTO frames (id, file, line) FORMAT Native',
    'INSERT INTO frames (file) SELECT file FROM frames',
    'SELECT id, CAST(file AS String) AS file_name FROM frames WHERE file = {file:String}',
    'SELECT any(frames.file), length(`frames`.`file`) FROM frames',
    "SELECT 'file(x)', disk, url FROM t -- file(x)",
  ])('takes file as a column in %s', (sql) => {
    expect(() => analyseStatement(sql)).not.toThrow();
  });

  it.each([
    ['SELECT 1', true],
    ['WITH a AS (SELECT 1) SELECT * FROM a', true],
    ['show tables', true],
    ['WITH a AS (SELECT 1) INSERT INTO t SELECT * FROM a', false],
    ['INSERT INTO t SELECT 1', false],
    ['DROP TABLE t', false],
    ['(SELECT 1)', false],
  ])('knows whether %s only reads: %s', (sql, isRead) => {
    expect(analyseStatement(sql).isRead).toBe(isRead);
  });
});
