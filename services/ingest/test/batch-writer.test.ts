import { DomainError, UnavailableError } from '@everflame/profile';
import { createLogger } from '@everflame/service-kit';
import type { EncodedBatch, ProfileBatch } from '@everflame/storage';
import { describe, expect, it } from 'vitest';
import { BatchWriter } from '../src/application/batch-writer.ts';
import { ProfileStore } from '../src/application/profile-store.ts';

/** Keeps tokens; fails as often as told, then stores. */
class MemoryStore extends ProfileStore {
  readonly tokens: string[] = [];
  attempts = 0;
  failures: Error[] = [];

  override insert(_batch: EncodedBatch, token: string): Promise<void> {
    this.attempts += 1;
    const failure = this.failures.shift();
    if (failure !== undefined) return Promise.reject(failure);
    this.tokens.push(token);
    return Promise.resolve();
  }
}

const logger = createLogger('test', 'silent');

function writerOn(store: MemoryStore, options: Partial<ConstructorParameters<typeof BatchWriter>[1]> = {}) {
  const lost: number[] = [];
  const writer = new BatchWriter(
    store,
    { flushIntervalMs: 5, flushBytes: 1 << 20, maxPendingBytes: 1 << 20, ...options },
    logger,
    () => lost.push(store.attempts),
  );
  return { writer, lost };
}

function addFrame(rows: ProfileBatch, name: string): void {
  rows.addFrame({
    tenant: 't',
    dayMs: 0,
    idLo: 1,
    idHi: 2,
    name,
    file: '',
    line: 0,
    startLine: 0,
    systemName: '',
    buildId: '',
    addressLo: 0,
    addressHi: 0,
  });
}

describe('BatchWriter', () => {
  it('acknowledges only after the store has confirmed, and stores what came together as one batch', async () => {
    const store = new MemoryStore();
    const { writer } = writerOn(store);
    await Promise.all([writer.add((rows) => addFrame(rows, 'a')), writer.add((rows) => addFrame(rows, 'b'))]);
    expect(store.tokens).toHaveLength(1);
    expect(writer.bytesWaiting).toBe(0);
  });

  it('tries again under the same token while the failure may pass', async () => {
    const store = new MemoryStore();
    store.failures = [new UnavailableError('storage_unavailable', 'no route')];
    const { writer, lost } = writerOn(store);
    await writer.add((rows) => addFrame(rows, 'a'));
    expect(store.attempts).toBe(2);
    expect(store.tokens).toHaveLength(1);
    expect(writer.failure).toBe('');
    expect(lost).toEqual([]);
  });

  it('refuses a batch that the store refuses, and whatever was built on its dictionary rows', async () => {
    const store = new MemoryStore();
    store.failures = [new DomainError('invalid', 'refused', 'bad block')];
    const { writer, lost } = writerOn(store, { flushBytes: 1 });
    const first = writer.add((rows) => addFrame(rows, 'a'));
    const second = writer.add((rows) => addFrame(rows, 'b'));
    await expect(first).rejects.toMatchObject({ code: 'refused' });
    await expect(second).rejects.toMatchObject({ code: 'storage_unavailable' });
    expect(lost).toHaveLength(1);
    expect(writer.failure).toBe('bad block');
    await writer.add((rows) => addFrame(rows, 'c'));
    expect(writer.failure).toBe('');
  });

  it('refuses more than may wait', async () => {
    const store = new MemoryStore();
    const { writer } = writerOn(store, { maxPendingBytes: 10, flushIntervalMs: 10_000 });
    const waiting = writer.add((rows) => addFrame(rows, 'a name that is longer than ten bytes'));
    await expect(writer.add((rows) => addFrame(rows, 'b'))).rejects.toMatchObject({
      code: 'ingest_overloaded',
    });
    await writer.drain();
    await waiting;
  });

  it('stores what is open when it is drained', async () => {
    const store = new MemoryStore();
    const { writer } = writerOn(store, { flushIntervalMs: 60_000 });
    const added = writer.add((rows) => addFrame(rows, 'a'));
    await writer.drain();
    await added;
    expect(store.tokens).toHaveLength(1);
  });
});
