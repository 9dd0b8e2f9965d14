import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { InsertSpool } from '../src/sessions/insert-spool.ts';

it('rows that are refused at their first byte leave no file behind', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'everflame-insert-spool-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const spool = await InsertSpool.open(folder, 3);
  const refused = Array.from({ length: 200 }, () =>
    spool.withFile(Buffer.from('four'), undefined, () => Promise.resolve()),
  );
  for (const { status } of await Promise.allSettled(refused)) expect(status).toBe('rejected');
  expect(await readdir(join(folder, 'insert-spool'))).toEqual([]);
});
