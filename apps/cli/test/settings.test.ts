import { describe, expect, it } from 'vitest';
import { CommandFailure, EXIT } from '../src/exit.ts';
import { childEnvironments } from '../src/up/settings/environment.ts';
import { addressOf, type Environment, ownSockets, readSettings } from '../src/up/settings/settings.ts';

const secrets = { clickhouse: 'clickhouse-secret', redis: 'redis-secret' };
const environmentsOf = (env: Environment) =>
  childEnvironments(readSettings(env, '/srv/app'), env, { hasConfigFile: false, secrets });

describe('readSettings', () => {
  it('keeps everything in .everflame of the current folder and on the loopback interface by default', () => {
    const settings = readSettings({}, '/srv/app');
    expect(settings.dataDir).toBe('/srv/app/.everflame');
    expect(settings.configFile).toEqual({ path: '/srv/app/everflame.yaml', required: false });
    expect(ownSockets(settings).map(addressOf)).toEqual([
      '127.0.0.1:4040',
      '127.0.0.1:4041',
      '127.0.0.1:4042',
      '127.0.0.1:4043',
      '127.0.0.1:4044',
      '127.0.0.1:8123',
      '127.0.0.1:6390',
    ]);
  });

  it('takes empty variables for absent ones', () => {
    const empty = { EVERFLAME_DATA_DIR: '', QUERY_PORT: '', REDIS_URL: '', EVERFLAME_CONFIG: '' };
    expect(readSettings(empty, '/srv')).toEqual(readSettings({}, '/srv'));
  });

  it('needs no port for a server that is used as it is', () => {
    const settings = readSettings(
      { CLICKHOUSE_URL: 'http://ch:8123', REDIS_URL: 'redis://r:6379', ALERTER_PORT: '6390' },
      '/srv',
    );
    expect(ownSockets(settings).map(({ portVariable }) => portVariable)).not.toContain(
      'EVERFLAME_REDIS_PORT',
    );
    expect(ownSockets(settings)).toHaveLength(5);
  });

  it('names every problem at once', () => {
    const env = {
      QUERY_PORT: 'http',
      ALERTER_PORT: '0',
      REDIS_URL: 'localhost',
      SCRAPER_PORT: '4041',
      EVERFLAME_LIVENESS_TIMEOUT_MS: '30',
    };
    let failure: unknown;
    try {
      readSettings(env, '/srv');
    } catch (error) {
      failure = error;
    }
    expect(failure).toBeInstanceOf(CommandFailure);
    expect(failure).toMatchObject({
      exitCode: EXIT.invalidSettings,
      details: [
        '  QUERY_PORT: "http" is not a port (1 to 65535)',
        '  ALERTER_PORT: "0" is not a port (1 to 65535)',
        '  REDIS_URL: is not a URL that starts with redis:// or rediss://',
        '  EVERFLAME_LIVENESS_TIMEOUT_MS: "30" is not a number of milliseconds (3000 or more)',
        '  SCRAPER_PORT and INGEST_HTTP_PORT are both 4041',
      ],
    });
  });
});

describe('addressOf', () => {
  it('reaches what listens on every address through the loopback interface, and brackets IPv6', () => {
    expect(addressOf({ host: '0.0.0.0', port: 1 })).toBe('127.0.0.1:1');
    expect(addressOf({ host: '::', port: 1 })).toBe('[::1]:1');
    expect(addressOf({ host: 'box.local', port: 1 })).toBe('box.local:1');
  });
});

describe('childEnvironments', () => {
  it('wires the services to each other, also when a port was changed', () => {
    const { query, scraper, alerter, clickhouse } = environmentsOf({
      QUERY_PORT: '5040',
      INGEST_GRPC_PORT: '5042',
    });
    expect(scraper).toMatchObject({
      INGEST_GRPC_ADDRESS: '127.0.0.1:5042',
      REDIS_URL: 'redis://:redis-secret@127.0.0.1:6390',
      SCRAPER_SELF_TARGETS:
        'everflame-query=127.0.0.1:5040,everflame-ingest=127.0.0.1:4041,everflame-scraper=127.0.0.1:4043,everflame-alerter=127.0.0.1:4044',
    });
    expect(alerter).toMatchObject({
      QUERY_URL: 'http://127.0.0.1:5040',
      DASHBOARD_URL: 'http://127.0.0.1:5040',
    });
    expect(query).toMatchObject({
      SCRAPER_URL: 'http://127.0.0.1:4043',
      CLICKHOUSE_URL: 'http://127.0.0.1:8123',
      CLICKHOUSE_EMBEDDED: 'true',
    });
    expect(clickhouse['CLICKHOUSE_EMBEDDED_DATA_DIR']).toBe('/srv/app/.everflame/clickhouse');
  });

  it('gives each process the credentials that it needs and no others', () => {
    const environments = environmentsOf({ CLICKHOUSE_USERNAME: 'mine', CLICKHOUSE_PASSWORD: 'mine too' });
    const holders = (value: string) =>
      Object.entries(environments)
        .filter(([, env]) => Object.values(env).some((each) => each.includes(value)))
        .map(([name]) => name);
    expect(holders('clickhouse-secret')).toEqual(['clickhouse', 'ingest', 'query', 'alerter']);
    expect(holders('redis-secret')).toEqual(['query', 'scraper', 'alerter']);
    expect(holders('mine')).toEqual([]);
    expect(environments.clickhouse['CLICKHOUSE_EMBEDDED_PASSWORD']).toBe('clickhouse-secret');
    expect(environments.ingest).toMatchObject({
      CLICKHOUSE_USERNAME: 'default',
      CLICKHOUSE_PASSWORD: 'clickhouse-secret',
    });
  });

  it('takes the password of the embedded ClickHouse and the credentials of other servers from the user', () => {
    const { clickhouse, query } = environmentsOf({ CLICKHOUSE_EMBEDDED_PASSWORD: 'chosen' });
    expect(clickhouse['CLICKHOUSE_EMBEDDED_PASSWORD']).toBe('chosen');
    expect(query).toMatchObject({ CLICKHOUSE_PASSWORD: 'chosen' });
    const given = environmentsOf({
      CLICKHOUSE_URL: 'https://ch:8443',
      CLICKHOUSE_USERNAME: 'everflame',
      CLICKHOUSE_PASSWORD: 'theirs',
      REDIS_URL: 'redis://:also-theirs@r:6379',
    });
    expect(given.alerter).toMatchObject({
      CLICKHOUSE_URL: 'https://ch:8443',
      CLICKHOUSE_USERNAME: 'everflame',
      CLICKHOUSE_PASSWORD: 'theirs',
      REDIS_URL: 'redis://:also-theirs@r:6379',
    });
    expect(JSON.stringify(given.scraper)).not.toContain('"theirs"');
  });

  it('keeps what the user set, and says that a ClickHouse given by URL is not the embedded one', () => {
    const { query, ingest } = environmentsOf({
      CLICKHOUSE_URL: 'https://ch:8443',
      CLICKHOUSE_DATABASE: 'profiles',
      DASHBOARD_URL: 'https://everflame.example',
      PATH: '/bin',
    });
    expect(ingest).toMatchObject({
      CLICKHOUSE_URL: 'https://ch:8443',
      CLICKHOUSE_DATABASE: 'profiles',
      CLICKHOUSE_EMBEDDED: 'false',
      PATH: '/bin',
    });
    expect(query['DASHBOARD_URL']).toBe('https://everflame.example');
  });

  it('passes the configuration file on only when there is one', () => {
    const settings = readSettings({}, '/srv/app');
    expect(
      childEnvironments(settings, {}, { hasConfigFile: true, secrets }).scraper['EVERFLAME_CONFIG'],
    ).toBe('/srv/app/everflame.yaml');
    expect(
      childEnvironments(settings, {}, { hasConfigFile: false, secrets }).scraper['EVERFLAME_CONFIG'],
    ).toBeUndefined();
  });
});
