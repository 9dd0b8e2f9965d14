import { ClickHouseError } from '@clickhouse/client';
import { describe, expect, it } from 'vitest';
import { toStorageError } from '../src/clickhouse-failure.ts';

function serverError(code: string): ClickHouseError {
  return new ClickHouseError({ message: 'secret text', code, type: 'TYPE' });
}

describe('toStorageError', () => {
  it.each([
    ['241', 'query_too_expensive', 'too_large'],
    ['158', 'query_too_expensive', 'too_large'],
    ['159', 'query_timeout', 'timeout'],
    ['202', 'storage_overloaded', 'exhausted'],
    ['243', 'storage_unavailable', 'unavailable'],
    ['516', 'storage_unavailable', 'unavailable'],
    ['115', 'storage_unavailable', 'unavailable'],
    ['60', 'schema_missing', 'unavailable'],
    ['427', 'invalid_selector', 'invalid'],
  ])('names ClickHouse error %s %s', (code, expected, kind) => {
    const error = toStorageError(serverError(code));
    expect(error).toMatchObject({ code: expected, kind });
    expect(String(error)).not.toContain('secret');
  });

  it('names a connection that fails storage_unavailable', () => {
    const refused = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:1'), { code: 'ECONNREFUSED' });
    expect(toStorageError(refused)).toMatchObject({ code: 'storage_unavailable', cause: refused });
    expect(toStorageError(new Error('Timeout error.'))).toMatchObject({ code: 'storage_unavailable' });
    expect(toStorageError(new Error('socket hang up'))).toMatchObject({ code: 'storage_unavailable' });
  });

  it('leaves what nobody can act on as it is', () => {
    const syntax = serverError('62');
    expect(toStorageError(syntax)).toBe(syntax);
    const bug = new TypeError('undefined is not a function');
    expect(toStorageError(bug)).toBe(bug);
    expect(toStorageError('text')).toBe('text');
  });
});
