import { describe, expect, it } from 'vitest';
import { type AlertContext, nextAlert } from '../src/application/alert-lifecycle.ts';
import type { AlertRecord } from '../src/documents/alert-document.ts';
import type { GrowthVerdict } from '../src/rules/growth/judge-growth.ts';
import type { KnownRule } from '../src/documents/rule-document.ts';
import { START_MS } from './support/gauge-builder.ts';
import { buildAlertRecord, buildRule, HEAP_TYPE, MIB } from './support/record-builder.ts';

function verdict(outcome: GrowthVerdict['outcome'], facts: Partial<GrowthVerdict> = {}): GrowthVerdict {
  return {
    outcome,
    level: 50 * MIB,
    restartedAt: undefined,
    growth: 20 * MIB,
    growthPerHour: 300 * MIB,
    since: START_MS,
    valueBefore: 30 * MIB,
    valueNow: 50 * MIB,
    ...facts,
  };
}

function context(nowMs: number, rule: Partial<KnownRule> = {}): AlertContext {
  return {
    rule: buildRule(rule),
    labels: { service_name: 'shop' },
    profileType: { id: HEAP_TYPE, sampleUnit: 'bytes' },
    nowMs,
    newId: () => 'new-alert',
  };
}

const pending = (record: Partial<AlertRecord> = {}): AlertRecord =>
  buildAlertRecord({
    state: 'pending',
    firedAt: null,
    startedAt: START_MS,
    lastGrowthAt: START_MS,
    ...record,
  });
const firing = (record: Partial<AlertRecord> = {}): AlertRecord =>
  buildAlertRecord({ lastGrowthAt: START_MS, ...record });

describe('a group without an alert', () => {
  it('stays without one while it does not grow', () => {
    expect(nextAlert(undefined, verdict('steady'), context(START_MS))).toEqual({
      record: undefined,
      transition: undefined,
    });
  });

  it('fires at once where the rule waits for nothing', () => {
    const { record, transition } = nextAlert(undefined, verdict('growing'), context(START_MS + 60_000));
    expect(transition).toBe('firing');
    expect(record).toMatchObject({
      id: 'new-alert',
      state: 'firing',
      firedAt: START_MS + 60_000,
      since: START_MS,
      valueBefore: 30 * MIB,
      valueNow: 50 * MIB,
      webhookUrl: 'http://127.0.0.1:9/hook',
    });
  });

  it('is pending where the rule waits', () => {
    const { record, transition } = nextAlert(
      undefined,
      verdict('growing'),
      context(START_MS, { forMs: 30_000 }),
    );
    expect(transition).toBeUndefined();
    expect(record).toMatchObject({ state: 'pending', firedAt: null });
  });
});

describe('a pending alert', () => {
  it('fires once growth has been seen for as long as the rule waits', () => {
    const early = nextAlert(pending(), verdict('growing'), context(START_MS + 29_999, { forMs: 30_000 }));
    expect(early).toMatchObject({ transition: undefined, record: { state: 'pending' } });
    const due = nextAlert(pending(), verdict('growing'), context(START_MS + 30_000, { forMs: 30_000 }));
    expect(due).toMatchObject({
      transition: 'firing',
      record: { state: 'firing', firedAt: START_MS + 30_000 },
    });
  });

  it('is gone with the first evaluation without growth', () => {
    const step = nextAlert(pending(), verdict('steady'), context(START_MS + 1000, { forMs: 30_000 }));
    expect(step).toEqual({ record: undefined, transition: undefined });
  });

  it('waits while nothing can be judged, but not longer than a window', () => {
    const waiting = nextAlert(
      pending(),
      verdict('too_few_points'),
      context(START_MS + 59_999, { forMs: 90_000 }),
    );
    expect(waiting.record?.state).toBe('pending');
    const over = nextAlert(
      pending(),
      verdict('too_few_points'),
      context(START_MS + 60_000, { forMs: 90_000 }),
    );
    expect(over.record).toBeUndefined();
  });
});

describe('a firing alert', () => {
  it('keeps when it began and follows the level while growth goes on', () => {
    const next = verdict('growing', { valueNow: 80 * MIB, since: START_MS + 30_000 });
    const { record, transition } = nextAlert(firing({ misses: 1 }), next, context(START_MS + 60_000));
    expect(transition).toBeUndefined();
    expect(record).toMatchObject({
      state: 'firing',
      since: START_MS,
      valueBefore: 12 * MIB,
      valueNow: 80 * MIB,
      misses: 0,
      lastGrowthAt: START_MS + 60_000,
    });
  });

  it('is not resolved by one evaluation without growth', () => {
    const step = nextAlert(firing(), verdict('steady'), context(START_MS + 20_000));
    expect(step).toMatchObject({ transition: undefined, record: { state: 'firing', misses: 1 } });
  });

  it('is resolved by the second one, when a tenth of the window has passed without growth', () => {
    const soon = nextAlert(firing({ misses: 1 }), verdict('steady'), context(START_MS + 5999));
    expect(soon).toMatchObject({ transition: undefined, record: { misses: 2 } });
    const later = nextAlert(firing({ misses: 1 }), verdict('steady'), context(START_MS + 6000));
    expect(later).toMatchObject({
      transition: 'resolved',
      record: { state: 'resolved', resolvedAt: START_MS + 6000 },
    });
  });

  it('is resolved at once when a new process brought the level down by more than half', () => {
    const restarted = verdict('too_few_points', { level: 20 * MIB, restartedAt: START_MS + 900 });
    const step = nextAlert(firing(), restarted, context(START_MS + 1000));
    expect(step).toMatchObject({ transition: 'resolved', record: { valueNow: 20 * MIB } });
  });

  it('is not resolved by a low level alone, as when only some instances could be scraped', () => {
    const partial = verdict('too_few_points', { level: 20 * MIB });
    expect(nextAlert(firing(), partial, context(START_MS + 1000)).transition).toBeUndefined();
  });

  it('is resolved when nothing could be judged for a whole window', () => {
    const gone = verdict('too_few_points', { level: 0 });
    expect(nextAlert(firing(), gone, context(START_MS + 59_999)).transition).toBeUndefined();
    expect(nextAlert(firing(), gone, context(START_MS + 60_000)).transition).toBe('resolved');
  });
});
