import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';
import { readSettings } from '../../../apps/cli/src/up/settings/settings.ts';
import { clickhouseShape } from '../../../packages/service-kit/src/config/clickhouse-config.ts';
import { settingsSchema as alerter } from '../../../services/alerter/src/config.ts';
import { limitsSchema, settingsSchema as ingest } from '../../../services/ingest/src/config.ts';
import { settingsSchema as query } from '../../../services/query/src/config.ts';
import { settingsSchema as scraper } from '../../../services/scraper/src/config.ts';

const ROOT = join(import.meta.dirname, '../../..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

/** A row of a table of settings: the variable, its default, its unit, what it means. */
interface Row {
  readonly variable: string;
  readonly fallback: string;
  readonly unit: string;
  readonly meaning: string;
}

/** The tables of docs/settings.md, by the heading above them. */
const sections = new Map(
  read('docs/settings.md')
    .split(/^##+ /m)
    .map((section) => [section.split('\n', 1)[0] ?? '', rowsOf(section)]),
);

function rowsOf(section: string): Row[] {
  return [...section.matchAll(/^\| `([A-Z_]+)` +\|(.+)\|$/gm)].map(([, variable = '', rest = '']) => {
    const [fallback = '', unit = '', ...meaning] = rest.split('|').map((cell) => cell.trim());
    return { variable, fallback, unit, meaning: meaning.join(' ') };
  });
}

/** Defaults that depend on the machine, as words. */
const BY_MACHINE: Readonly<Record<string, string>> = {
  INGEST_WORKERS: 'one per core, at most 8',
  DASHBOARD_DIR: 'apps/dashboard/dist',
};

const UNITS: readonly [RegExp, string][] = [
  [/_RATE_BYTES$/, 'bytes per second'],
  [/_BYTES$/, 'bytes'],
  [/_ROWS$/, 'rows'],
  [/_MS$/, 'ms'],
  [/_HOURS$/, 'hours'],
  [/_DAYS$/, 'days'],
  [/_PORT$/, 'port'],
];

function unitOf(variable: string): string | undefined {
  return UNITS.find(([pattern]) => pattern.test(variable))?.[1];
}

function wordsFor(variable: string, fallback?: string | number | boolean | readonly string[]): string {
  const known = BY_MACHINE[variable];
  if (known !== undefined) return known;
  if (fallback === undefined || (Array.isArray(fallback) && fallback.length === 0)) return 'none';
  return fallback === '' ? 'empty' : String(fallback);
}

type Settings = { readonly shape: object; parse: (env: object) => object };

/** Each variable of a schema with its default in the words of the page. */
function settingsOf({ shape, parse }: Settings): Map<string, string> {
  const defaults = parse({}) as Record<string, string | number | boolean | string[] | undefined>;
  return new Map(Object.keys(shape).map((variable) => [variable, wordsFor(variable, defaults[variable])]));
}

const isConnection = (variable: string): boolean => variable in clickhouseShape;

function documentedIn(section: string): Map<string, string> {
  const rows = sections.get(section) ?? [];
  // What `everflame up` fills in follows after a semicolon.
  return new Map(
    rows.map(({ variable, fallback }) => [variable, fallback.replace(/;.*/, '').replaceAll('`', '')]),
  );
}

describe('docs/settings.md', () => {
  it.each([
    ['Ingest', ingest],
    ['Query', query],
    ['Scraper', scraper],
    ['Alerter', alerter],
  ] as const)('has the settings of %s with their defaults', (section, schema) => {
    const own = [...settingsOf(schema as Settings)].filter(([variable]) => !isConnection(variable));
    expect(documentedIn(section)).toEqual(new Map(own));
  });

  it('has the connection to ClickHouse with its defaults', () => {
    const shared = [...settingsOf(query as Settings)].filter(([variable]) => isConnection(variable));
    expect(documentedIn('Connections to ClickHouse: ingest, query, alerter')).toEqual(new Map(shared));
  });

  it('has the limits of ingest with their defaults', () => {
    expect(documentedIn('Limits of ingest')).toEqual(settingsOf(limitsSchema as Settings));
  });

  it('has the settings of the embedded ClickHouse with their defaults', () => {
    const source = read('packages/embedded-clickhouse/src/main.ts');
    const variables = new Set(source.match(/CLICKHOUSE_EMBEDDED_[A-Z_]+/g));
    const documented = documentedIn('Embedded ClickHouse');
    expect(new Set(documented.keys())).toEqual(variables);
    for (const [, variable = '', fallback] of source.matchAll(/readNumber\('([A-Z_]+)', (\d+)/g)) {
      expect(documented.get(variable)).toBe(fallback);
    }
    for (const [, variable = ''] of source.matchAll(/requireVariable\(\s*'([A-Z_]+)'/g)) {
      expect(documented.get(variable)).toBe('required');
    }
  });

  it('has the settings of `everflame up` with their defaults', () => {
    const documented = documentedIn('`everflame up`');
    const { dataDir, configFile, clickhouseUrl, redisUrl, silenceMs, sockets } = readSettings({}, '/');
    expect(documented).toEqual(
      new Map([
        ['EVERFLAME_DATA_DIR', dataDir.slice(1)],
        ['EVERFLAME_CONFIG', `${configFile.path.slice(1)}, where it exists`],
        ['EVERFLAME_REDIS_PORT', String(sockets.redis.port)],
        ['CLICKHOUSE_URL', wordsFor('CLICKHOUSE_URL', clickhouseUrl)],
        ['REDIS_URL', wordsFor('REDIS_URL', redisUrl)],
        ['EVERFLAME_LIVENESS_TIMEOUT_MS', String(silenceMs)],
        ['LOG_LEVEL', 'info'],
      ]),
    );
  });

  it('says the unit of every number, and what every setting means', () => {
    const rows = [...sections.values()].flat();
    expect(rows.length).toBeGreaterThan(80);
    for (const { variable, fallback, unit, meaning } of rows) {
      const expected = unitOf(variable);
      if (expected !== undefined) expect(unit, variable).toBe(expected);
      else if (/^\d+$/.test(fallback)) expect(unit, variable).toMatch(/^[a-z]+$/);
      else expect([variable, unit]).toEqual([variable, variable === 'INGEST_WORKERS' ? 'threads' : '']);
      expect(meaning, variable).not.toBe('');
    }
  });
});
