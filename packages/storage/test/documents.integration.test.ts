import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deleteDocument, listDocuments, saveDocument } from '../src/index.ts';
import { type FreshStorage, freshStorage } from './fresh-storage.ts';

describe('rules and alerts', () => {
  let storage: FreshStorage;

  beforeAll(async () => {
    storage = await freshStorage();
  });

  afterAll(async () => {
    await storage.drop();
  });

  it('keep the document with the highest version, whichever came last', async () => {
    const { clickhouse } = storage;
    const version = Date.now() * 1000;
    const body = { name: 'heap \n "growth" \\ ünï', groupBy: ['service_name'], minGrowth: 1e9, url: null };
    await saveDocument(clickhouse, 'rules', { tenant: 'acme', id: 'r1', version: version + 1, body });
    await saveDocument(clickhouse, 'rules', { tenant: 'acme', id: 'r1', version, body: { name: 'older' } });
    expect(await listDocuments(clickhouse, 'rules', 'acme')).toEqual([
      { tenant: 'acme', id: 'r1', version: version + 1, body },
    ]);
  });

  it('list those of one tenant or of all, by id, and not those that were deleted', async () => {
    const { clickhouse } = storage;
    const alert = (tenant: string, id: string): Promise<void> =>
      saveDocument(clickhouse, 'alerts', { tenant, id, version: 1, body: { id } });
    await alert('b', '2');
    await alert('a', '3');
    await alert('a', '1');
    const ids = async (tenant: string | null): Promise<string[]> =>
      (await listDocuments(clickhouse, 'alerts', tenant)).map((document) => document.tenant + document.id);
    expect(await ids('a')).toEqual(['a1', 'a3']);
    expect(await ids(null)).toEqual(['a1', 'a3', 'b2']);
    await deleteDocument(clickhouse, 'alerts', { tenant: 'a', id: '1', version: 2 });
    expect(await ids(null)).toEqual(['a3', 'b2']);
    await alert('a', '1');
    expect(await ids('a')).toEqual(['a3']);
  });

  it('are apart from each other', async () => {
    const { clickhouse } = storage;
    await saveDocument(clickhouse, 'rules', { tenant: 'apart', id: 'x', version: 1, body: 'rule' });
    await saveDocument(clickhouse, 'alerts', { tenant: 'apart', id: 'x', version: 1, body: 'alert' });
    await deleteDocument(clickhouse, 'rules', { tenant: 'apart', id: 'x', version: 2 });
    expect(await listDocuments(clickhouse, 'rules', 'apart')).toEqual([]);
    expect((await listDocuments(clickhouse, 'alerts', 'apart')).map((alert) => alert.body)).toEqual([
      'alert',
    ]);
  });
});
