import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSecrets } from '../src/up/settings/secrets.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'everflame-secrets-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const file = (): string => join(folder, 'secrets.json');

describe('openSecrets', () => {
  it('makes two passwords that only this user can read, and finds them again', () => {
    const made = openSecrets(folder);
    expect(made.clickhouse).toMatch(/^[\w-]{32}$/);
    expect(made.redis).toMatch(/^[\w-]{32}$/);
    expect(made.redis).not.toBe(made.clickhouse);
    expect(statSync(file()).mode & 0o777).toBe(0o600);
    expect(openSecrets(folder)).toEqual(made);
    expect(readdirSync(folder)).toEqual(['secrets.json']);
  });

  it('has other passwords in another folder', () => {
    const other = mkdtempSync(join(tmpdir(), 'everflame-secrets-'));
    expect(openSecrets(other).clickhouse).not.toBe(openSecrets(folder).clickhouse);
    rmSync(other, { recursive: true });
  });

  it('replaces passwords that others could have read', () => {
    const made = openSecrets(folder);
    chmodSync(file(), 0o644);
    expect(openSecrets(folder).clickhouse).not.toBe(made.clickhouse);
    expect(statSync(file()).mode & 0o777).toBe(0o600);
  });

  it.each([
    '',
    '{',
    '{}',
    'null',
    '{"clickhouse":"","redis":""}',
    '{"clickhouse":"a b c d e f g h i j","redis":1}',
  ])('replaces a damaged file: %j', (text) => {
    writeFileSync(file(), text, { mode: 0o600 });
    const made = openSecrets(folder);
    expect(JSON.parse(readFileSync(file(), 'utf8'))).toEqual(made);
    expect(openSecrets(folder)).toEqual(made);
  });
});
