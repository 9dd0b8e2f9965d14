import { InvalidConfigError } from '@everflame/service-kit';
import { describe, expect, it } from 'vitest';
import { readConfig } from '../src/config.ts';

describe('readConfig', () => {
  it('has a default for everything', () => {
    expect(readConfig({})).toEqual({
      host: '127.0.0.1',
      allowedHosts: { variable: 'SCRAPER_ALLOWED_HOSTS', names: [] },
      port: 4043,
      ingestAddress: '127.0.0.1:4042',
      redisUrl: 'redis://127.0.0.1:6390',
      configFile: undefined,
      selfTargets: [],
      concurrency: 512,
      limits: { bodyBytes: 16 * 1024 * 1024, decompressedBytes: 64 * 1024 * 1024 },
      tenant: 'default',
      queuePrefix: 'everflame',
    });
  });

  it('reads self targets as name=host:port', () => {
    const config = readConfig({
      SCRAPER_SELF_TARGETS: 'everflame-query=127.0.0.1:4040, everflame-ingest=[::1]:4041',
    });
    expect(config.selfTargets).toEqual([
      { serviceName: 'everflame-query', address: '127.0.0.1:4040' },
      { serviceName: 'everflame-ingest', address: '[::1]:4041' },
    ]);
  });

  it.each(['everflame-query', '=127.0.0.1:4040', 'a=b', 'a=http://b:1'])(
    'refuses the self target %s',
    (entry) => {
      expect(() => readConfig({ SCRAPER_SELF_TARGETS: entry })).toThrow(InvalidConfigError);
    },
  );

  it('names every wrong setting at once', () => {
    expect(() => readConfig({ SCRAPER_PORT: 'x', REDIS_URL: 'http://nowhere' })).toThrow(
      /SCRAPER_PORT[^]*REDIS_URL/,
    );
  });
});
