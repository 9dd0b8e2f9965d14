import { growthSettingsSchema, webhookPayloadSchema } from '@everflame/contract';
import { describe, expect, it } from 'vitest';
import type { AlertDocument, Transition } from '../../src/documents/alert-document.ts';
import { formatAmount, formatSpan } from '../../src/rules/growth/growth-text.ts';
import { comparisonOf, diffUrlOf } from '../../src/rules/growth/comparison.ts';
import { webhookPayloadOf } from '../../src/notifiers/webhook/webhook-payload.ts';
import { START_MS } from '../support/gauge-builder.ts';
import { buildNotice, DASHBOARD } from '../support/notice-builder.ts';
import {
  buildAlert,
  buildDelivery,
  buildGrowthDetails,
  buildRule,
  HEAP_TYPE,
  MIB,
} from '../support/record-builder.ts';

const SETTINGS = growthSettingsSchema.parse(buildRule().settings);

function payloadOf(alert: AlertDocument, transition: Transition, receiver = '') {
  return webhookPayloadOf(buildNotice(alert, transition, receiver));
}

describe('a firing notification', () => {
  const payload = payloadOf(buildAlert(), 'firing');

  it('keeps to the contract', () => {
    expect(webhookPayloadSchema.parse(payload)).toEqual(payload);
  });

  it('says in one line what grew, by how much, since when and through what', () => {
    expect(payload.commonAnnotations['summary']).toBe(
      'shop: memory:inuse_space grew by 38.2 MiB in 4 min (from 12.0 MiB), since 10:00 UTC; ' +
        'grew most: main.rememberSession (+36.1 MiB)',
    );
  });

  it('describes rate and functions', () => {
    expect(payload.commonAnnotations['description']).toBe(
      'Rule "Heap grows". From 12.0 MiB to 50.2 MiB, growing at 573.0 MiB per hour.\n' +
        'Functions that grew most: main.rememberSession (+36.1 MiB).',
    );
  });

  it('shows what cannot be seen in names escaped, and leaves labels as they are', () => {
    const grownFunctions = [{ name: 'a\u202eb\n', file: '', before: 0, after: MIB }];
    const labels = { service_name: 'shop\u202e' };
    const shown = payloadOf(
      buildAlert({ details: buildGrowthDetails({ grownFunctions }), group: labels }),
      'firing',
    );
    const { summary, description } = shown.commonAnnotations;
    expect(summary).toMatch(/^shop\\u202e: .*grew most: a\\u202eb\\u000a /);
    expect(description).toContain('Functions that grew most: a\\u202eb\\u000a (');
    expect(shown.commonLabels['service_name']).toBe('shop\u202e');
  });

  it('looks like one of Alertmanager', () => {
    expect(payload).toMatchObject({
      version: '4',
      status: 'firing',
      receiver: 'everflame',
      externalURL: DASHBOARD,
      commonLabels: { alertname: 'Heap grows', service_name: 'shop' },
    });
    expect(payload.alerts).toHaveLength(1);
    expect(payload.alerts[0]).toMatchObject({
      status: 'firing',
      startsAt: '2026-01-15T10:04:00.000Z',
      endsAt: '0001-01-01T00:00:00Z',
      generatorURL: 'http://127.0.0.1:4040/compare?left_query=a',
    });
    expect(payload.alerts[0]?.fingerprint).toMatch(/^[0-9a-f]{16}$/);
  });

  it('shows nothing of how the alert is kept', () => {
    expect(Object.keys(payload.everflame)).not.toContain('deliveries');
    expect(JSON.stringify(payload)).not.toContain('/hook');
  });

  it('names a receiver that has a name, and matches on labels of the rule', () => {
    const labels = { service_name: 'shop', team: 'web' };
    const named = payloadOf(buildAlert({ labels }), 'firing', 'pager');
    expect(named).toMatchObject({ receiver: 'pager', commonLabels: { ...labels, alertname: 'Heap grows' } });
    expect(named.groupKey).toBe(payload.groupKey);
  });

  it('says nothing of how notifications have failed', () => {
    const failed = buildAlert({ deliveries: [buildDelivery({ lastError: 'status 503' })] });
    expect(payloadOf(failed, 'firing').everflame.lastNotificationError).toBeNull();
  });

  it('says so when it is not known which functions grew', () => {
    const explanationError = 'the query API did not answer';
    const alert = buildAlert({ details: buildGrowthDetails({ grownFunctions: [], explanationError }) });
    const { summary, description } = payloadOf(alert, 'firing').commonAnnotations;
    expect(summary).not.toContain('grew most');
    expect(description).toContain('Which functions grew is not known: the query API did not answer.');
  });

  it('that was held up until after the end still says firing', () => {
    const ended = buildAlert({ state: 'resolved', resolvedAt: START_MS + 300_000 });
    const held = payloadOf(ended, 'firing');
    expect(held.everflame).toMatchObject({ state: 'firing', resolvedAt: null });
    expect(held.alerts[0]?.endsAt).toBe('0001-01-01T00:00:00Z');
  });
});

describe('a resolved notification', () => {
  const alert = buildAlert({
    state: 'resolved',
    resolvedAt: START_MS + 300_000,
    details: buildGrowthDetails({ valueNow: 13 * MIB }),
  });
  const payload = payloadOf(alert, 'resolved');

  it('has the end and the level', () => {
    expect(webhookPayloadSchema.parse(payload).alerts[0]).toMatchObject({
      status: 'resolved',
      endsAt: '2026-01-15T10:05:00.000Z',
    });
    expect(payload.commonAnnotations['summary']).toBe(
      'shop: memory:inuse_space has stopped growing and is at 13.0 MiB, as of 10:05 UTC',
    );
  });

  it('has the identity of the firing one', () => {
    const firing = payloadOf(buildAlert(), 'firing');
    expect(payload.groupKey).toBe(firing.groupKey);
    expect(payload.alerts[0]?.fingerprint).toBe(firing.alerts[0]?.fingerprint);
  });
});

describe('the comparison behind an alert', () => {
  const about = { group: { service_name: 'shop' }, since: START_MS };
  const now = START_MS + 300_000;

  it('sets the first third since growth began against the last, for the group alone', () => {
    const query = `${HEAP_TYPE}{env="prod",service_name="shop"}`;
    expect(comparisonOf(about, SETTINGS, now)).toEqual({
      left_query: query,
      left_from: String(START_MS),
      left_to: String(START_MS + 100_000),
      right_query: query,
      right_from: String(START_MS + 200_000),
      right_to: String(now),
    });
  });

  it('covers at least 30 % of the window', () => {
    const { left_from } = comparisonOf({ ...about, since: now - 1000 }, SETTINGS, now);
    expect(Number(left_from)).toBe(now - 18_000);
  });

  it('does not repeat a matcher of the rule', () => {
    const settings = { ...SETTINGS, query: `${HEAP_TYPE}{service_name="shop"}` };
    expect(comparisonOf(about, settings, now).left_query).toBe(`${HEAP_TYPE}{service_name="shop"}`);
  });

  it('is what the link opens', () => {
    const url = new URL(diffUrlOf(comparisonOf(about, SETTINGS, now), `${DASHBOARD}/`));
    expect(url.origin + url.pathname).toBe('http://127.0.0.1:4040/compare');
    expect(Object.fromEntries(url.searchParams)).toEqual(comparisonOf(about, SETTINGS, now));
  });
});

describe('amounts and spans', () => {
  it.each([
    [512, 'bytes', '512 B'],
    [1536, 'bytes', '1.5 KiB'],
    [-3 * MIB, 'bytes', '-3.0 MiB'],
    [5 * 1024 ** 3, 'bytes', '5.0 GiB'],
    [1200, 'count', '1200'],
    [12.25, 'count', '12.3'],
    [3e9, 'nanoseconds', '3.0 s'],
    [7, 'widgets', '7 widgets'],
  ])('%d %s reads %s', (value, unit, text) => {
    expect(formatAmount(value, unit)).toBe(text);
  });

  it.each([
    [42_000, '42 s'],
    [240_000, '4 min'],
    [3 * 3_600_000, '3.0 h'],
    [60 * 3_600_000, '2.5 d'],
  ])('%d ms reads %s', (spanMs, text) => {
    expect(formatSpan(spanMs)).toBe(text);
  });
});
