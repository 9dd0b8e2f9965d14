import { describe, expect, it } from 'vitest';
import {
  changedWebhook,
  shownWebhook,
  withoutWebhookSecrets,
} from '../../src/notifiers/webhook/webhook-address.ts';

const SLACK = 'https://hooks.slack.example/services/T0001/B0002/xoxbSECRET';
const SHOWN = 'https://hooks.slack.example/…';

describe('the address of a webhook', () => {
  it.each([
    [SLACK, SHOWN],
    ['https://hooks.example:8443/?token=SECRET', 'https://hooks.example:8443/…'],
    ['https://user:SECRET@hooks.example/', 'https://hooks.example/…'],
    ['http://127.0.0.1:9000', 'http://127.0.0.1:9000'],
  ])('%s is shown as %s', (address, shown) => {
    expect(shownWebhook(address)).toBe(shown);
    expect(shownWebhook(shown)).toBe(shown);
  });

  it('stays when it is left out or sent back as it was shown', () => {
    expect(changedWebhook(undefined, SLACK)).toBe(SLACK);
    expect(changedWebhook(SHOWN, SLACK)).toBe(SLACK);
    expect(changedWebhook(encodeURI(SHOWN), SLACK)).toBe(SLACK);
  });

  it('goes with null, and changes with another', () => {
    expect(changedWebhook(null, SLACK)).toBeUndefined();
    expect(changedWebhook('http://127.0.0.1:9000', SLACK)).toBe('http://127.0.0.1:9000');
  });

  it.each([
    [SHOWN, undefined],
    [SHOWN, 'https://hooks.other.example/services/1'],
    [SHOWN, 'https://hooks.slack.example/'],
  ])('is refused as %s when it was %s', (given, existing) => {
    expect(() => changedWebhook(given, existing)).toThrowError(
      expect.objectContaining({ code: 'invalid_webhook_url' }),
    );
  });

  it.each([
    ['Cannot POST /services/T0001/B0002/xoxbSECRET', 'Cannot POST …'],
    [
      '{"url":"https:\\/\\/x\\/services\\/T0001\\/B0002\\/xoxbSECRET"}',
      '{"url":"https:\\/\\/x\\/…\\/…\\/…\\/…"}',
    ],
    ['overloaded', 'overloaded'],
  ])('does not stand in %s', (answer, expected) => {
    expect(withoutWebhookSecrets(answer, SLACK)).toBe(expected);
  });

  it('does not stand in an answer with user or parameters, spelled in any way', () => {
    const address = 'https://bot:pass%20word@hooks.example/?token=a%2Fsecret';
    const answer = 'bad pass word or pass%20word, a/secret, a%2Fsecret, Ym90OnBhc3Mgd29yZA==';
    expect(withoutWebhookSecrets(answer, address)).toBe('bad … or …, …, …, …');
  });
});
