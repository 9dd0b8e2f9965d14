import { describe, expect, it } from 'vitest';
import { readConfig } from '../src/config.ts';

describe('the settings', () => {
  it('work without any variable on one machine', () => {
    expect(readConfig({})).toMatchObject({
      host: '127.0.0.1',
      port: 4044,
      redisUrl: 'redis://127.0.0.1:6390',
      queryUrl: 'http://127.0.0.1:4040',
      everflameFile: undefined,
      webhookTimeoutMs: 5000,
    });
  });

  it('name every problem at once', () => {
    const read = () => readConfig({ ALERTER_PORT: 'x', REDIS_URL: 'http://a', ALERTER_QUEUE_PREFIX: 'a b' });
    expect(read).toThrow(/ALERTER_PORT[^]*REDIS_URL[^]*ALERTER_QUEUE_PREFIX/);
  });
});
