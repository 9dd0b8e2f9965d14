import { FakeClock } from '@everflame/testkit';
import { beforeEach, describe, expect, it } from 'vitest';
import { type AnyReceiverInput, ReceiverCatalog } from '../src/application/receiver-catalog.ts';
import { RECEIVER_FORM } from '../src/documents/receiver-document.ts';
import { openNotifiers } from '../src/notifiers/notifiers.ts';
import { MemoryDocuments } from './support/memory-ports.ts';
import { PRINCIPAL } from './support/record-builder.ts';

const URL = 'https://hooks.example/services/SECRET';
const SHOP: AnyReceiverInput = { name: 'shop', match: '{team="shop"}', webhook: { url: URL } };

describe('the receivers', () => {
  let catalog: ReceiverCatalog;

  beforeEach(() => {
    const notifiers = openNotifiers({ webhookTimeoutMs: 1000 });
    catalog = new ReceiverCatalog({
      store: new MemoryDocuments(RECEIVER_FORM),
      clock: new FakeClock(),
      notifiers,
    });
  });

  it('of the file come first and cannot be changed', async () => {
    catalog.checkFile([{ ...SHOP, name: 'from the file' }])();
    await catalog.create(PRINCIPAL, SHOP);
    expect((await catalog.list(PRINCIPAL)).map(({ id, source }) => [id, source])).toEqual([
      ['from the file', 'file'],
      ['shop', 'api'],
    ]);
    await expect(catalog.delete(PRINCIPAL, 'from the file')).rejects.toMatchObject({
      code: 'receiver_is_read_only',
    });
  });

  it('are shown without what is secret, which stays when they are changed as they were shown', async () => {
    const shown = catalog.show(await catalog.create(PRINCIPAL, SHOP));
    expect(shown).toMatchObject({ name: 'shop', webhook: { url: 'https://hooks.example/…' }, source: 'api' });
    const match = '{team="other"}';
    const changed = await catalog.replace(PRINCIPAL, 'shop', {
      name: 'shop',
      match,
      webhook: shown['webhook'],
    });
    expect(changed).toMatchObject({ match, settings: { url: URL } });
  });

  it.each([
    ['a name that is taken', SHOP, 'receiver_exists'],
    ['a matcher that is none', { ...SHOP, name: 'a', match: '{team=shop}' }, 'invalid_selector'],
    [
      'a profile type',
      { ...SHOP, name: 'a', match: 'memory:inuse_space:bytes:space:bytes{}' },
      'invalid_selector',
    ],
    [
      'an address that is shortened',
      { ...SHOP, name: 'a', webhook: { url: 'https://a/…' } },
      'invalid_webhook_url',
    ],
  ])('are refused with %s', async (_, input, code) => {
    await catalog.create(PRINCIPAL, SHOP);
    await expect(catalog.create(PRINCIPAL, input)).rejects.toMatchObject({ code });
  });

  it('that are not there cannot be changed', async () => {
    await expect(catalog.replace(PRINCIPAL, 'shop', SHOP)).rejects.toMatchObject({
      code: 'unknown_receiver',
    });
  });

  it('without matchers get every alert', async () => {
    await catalog.create(PRINCIPAL, { ...SHOP, match: '{}' });
    expect(await catalog.route(PRINCIPAL, { service_name: 'x' })).toEqual(['shop']);
  });
});
