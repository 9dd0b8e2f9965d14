import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UnavailableError } from '@everflame/profile';
import { describeWithTool, waitFor } from '@everflame/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import type { Notifier } from '../../src/notifiers/notifier.ts';
import { type AlerterWithStores, startAlerterWithStores } from '../support/alerter-with-stores.ts';
import { leakOf } from '../support/profile-writer.ts';
import { buildRuleInput } from '../support/record-builder.ts';

const settings = z.strictObject({ path: z.string().min(1) });
type FileSettings = z.infer<typeof settings>;

/** A second notifier: appends a line per notice to a file. */
const fileNotifier: Notifier<FileSettings> = {
  settings,
  show: (shown) => shown,
  change: (given) => given,
  send: async ({ transition, annotations }, { path }) => {
    try {
      await appendFile(path, `${transition}: ${annotations.summary}\n`);
    } catch (cause) {
      throw new UnavailableError('file_unavailable', 'The file cannot be written.', { cause });
    }
  },
};

describeWithTool(['redis-server'], 'an alerter with a second notifier in its table', () => {
  let stores: AlerterWithStores;
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'everflame-notifier-'));
    stores = await startAlerterWithStores({}, { file: fileNotifier });
  });
  afterAll(async () => {
    await stores.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('tells a receiver of that kind of a leak', async () => {
    const path = join(folder, 'alerts.log');
    const made = await stores.call('POST', 'receivers', {
      name: 'log',
      match: '{team="shop"}',
      file: { path },
    });
    expect([made.status, await made.json()]).toMatchObject([201, { name: 'log', file: { path } }]);
    await stores.writer.write({ service_name: 'shop', instance: 'a', env: 'prod' }, leakOf(Date.now()));
    await stores.call('POST', 'rules', buildRuleInput({ windowMs: 300_000, labels: { team: 'shop' } }));
    const told = await waitFor(async () => (await readFile(path, 'utf8').catch(() => '')) || undefined, {
      what: 'the line of the alert',
    });
    expect(told).toMatch(/^firing: shop: memory:inuse_space grew by .*\n$/);
  });
});
