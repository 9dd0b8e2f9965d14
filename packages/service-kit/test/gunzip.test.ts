import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { gunzipBounded, readEnv, InvalidConfigError, portSchema } from '../src/index.ts';
import { z } from 'zod';

const text = Buffer.from('heap '.repeat(1000));

describe('gunzipBounded', () => {
  it('passes bytes through that are not gzip', () => {
    expect(gunzipBounded(text, 10_000)).toEqual(text);
  });

  it('reads several members, and gzip inside gzip', () => {
    const members = Buffer.concat([gzipSync(text.subarray(0, 2000)), gzipSync(text.subarray(2000))]);
    expect(Buffer.from(gunzipBounded(members, 10_000))).toEqual(text);
    expect(Buffer.from(gunzipBounded(gzipSync(gzipSync(text)), 10_000))).toEqual(text);
  });

  it('refuses more than the bound, whatever the trailer claims', () => {
    const bomb = gzipSync(Buffer.alloc(5_000_000));
    bomb.writeUInt32LE(10, bomb.length - 4);
    expect(() => gunzipBounded(bomb, 100_000)).toThrow(
      expect.objectContaining({ code: 'limit_decompressed_bytes' }),
    );
    expect(() => gunzipBounded(text, 100)).toThrow(
      expect.objectContaining({ code: 'limit_decompressed_bytes' }),
    );
  });

  it('refuses what says that it is too large without inflating it, and shows both numbers', () => {
    const bomb = gzipSync(Buffer.alloc(5_000_000));
    bomb.fill(0xff, 30, bomb.length - 8);
    expect(() => gunzipBounded(bomb, 100_000)).toThrow(
      /decompressed_bytes is limited to 100000; got 5000000/,
    );
  });

  it('calls a size that cannot be true malformed', () => {
    const gz = gzipSync(text);
    gz.writeUInt32LE(0xffff_fff0, gz.length - 4);
    expect(() => gunzipBounded(gz, 10_000)).toThrow(expect.objectContaining({ code: 'malformed_profile' }));
  });

  it('refuses gzip in gzip in gzip, and members that are too large together', () => {
    const zipped = gzipSync(gzipSync(gzipSync(text)));
    expect(gunzipBounded(zipped, 10_000).subarray(0, 2)).toEqual(Buffer.from([0x1f, 0x8b]));
    const inner = gzipSync(gzipSync(Buffer.alloc(5_000_000)));
    const refused = expect.objectContaining({ code: 'limit_decompressed_bytes' });
    expect(() => gunzipBounded(inner, 100_000)).toThrow(refused);
    const members = Buffer.concat(Array.from({ length: 30 }, () => gzipSync(text)));
    expect(() => gunzipBounded(members, 100_000)).toThrow(refused);
  });

  it('calls damaged and cut gzip malformed', () => {
    const gz = gzipSync(text);
    expect(() => gunzipBounded(gz.subarray(0, 40), 10_000)).toThrow(
      expect.objectContaining({ code: 'malformed_profile' }),
    );
    expect(() => gunzipBounded(gz.subarray(0, 5), 10_000)).toThrow(
      expect.objectContaining({ code: 'malformed_profile' }),
    );
  });
});

describe('readEnv', () => {
  it('reports every wrong setting at once', () => {
    const schema = z.object({ A_PORT: portSchema.default(1), B_URL: z.url() });
    expect(() => readEnv(schema, { A_PORT: 'x', B_URL: '' })).toThrow(InvalidConfigError);
    expect(() => readEnv(schema, { A_PORT: 'x', B_URL: '' })).toThrow(/A_PORT[\s\S]*B_URL/);
    expect(readEnv(schema, { A_PORT: '', B_URL: 'http://127.0.0.1' })).toEqual({
      A_PORT: 1,
      B_URL: 'http://127.0.0.1',
    });
  });
});
