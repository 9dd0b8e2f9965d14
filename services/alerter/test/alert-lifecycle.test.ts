import { describe, expect, it } from 'vitest';
import { type AlertContext, nextAlert } from '../src/application/alert-lifecycle.ts';
import type { AlertDocument } from '../src/documents/alert-document.ts';
import type { Finding } from '../src/rules/rule-kind.ts';
import { START_MS } from './support/gauge-builder.ts';
import { buildAlert, buildRule } from './support/record-builder.ts';

function finding(outcome: Finding['outcome'], details: Finding['details'] = { seen: 2 }): Finding {
  return { group: { service_name: 'shop' }, outcome, details };
}

function context(nowMs: number, rule: Parameters<typeof buildRule>[0] = {}): AlertContext {
  return { rule: buildRule(rule), lookbackMs: 60_000, nowMs, newId: () => 'new-alert' };
}

const pending = (alert: Partial<AlertDocument> = {}): AlertDocument =>
  buildAlert({
    state: 'pending',
    firedAt: null,
    startedAt: START_MS,
    lastHeldAt: START_MS,
    deliveries: [],
    ...alert,
  });
const firing = (alert: Partial<AlertDocument> = {}): AlertDocument =>
  buildAlert({ lastHeldAt: START_MS, details: { seen: 1 }, ...alert });

describe('a group without an alert', () => {
  it('stays without one while it does not grow', () => {
    expect(nextAlert(undefined, finding('fails'), context(START_MS))).toEqual({
      alert: undefined,
      transition: undefined,
    });
  });

  it('fires at once where the rule waits for nothing', () => {
    const { alert, transition } = nextAlert(undefined, finding('holds'), context(START_MS + 60_000));
    expect(transition).toBe('firing');
    expect(alert).toMatchObject({
      id: 'new-alert',
      state: 'firing',
      firedAt: START_MS + 60_000,
      group: { service_name: 'shop' },
      kind: 'growth',
      details: { seen: 2 },
    });
  });

  it('has the labels of the rule besides those of its group, which the rule wins', () => {
    const labels = { team: 'web', service_name: 'renamed' };
    const { alert } = nextAlert(undefined, finding('holds'), context(START_MS, { labels }));
    expect(alert).toMatchObject({ group: { service_name: 'shop' }, labels });
  });

  it('is pending where the rule waits', () => {
    const { alert, transition } = nextAlert(
      undefined,
      finding('holds'),
      context(START_MS, { forMs: 30_000 }),
    );
    expect(transition).toBeUndefined();
    expect(alert).toMatchObject({ state: 'pending', firedAt: null });
  });
});

describe('a pending alert', () => {
  it('fires once the condition has held for as long as the rule waits', () => {
    const early = nextAlert(pending(), finding('holds'), context(START_MS + 29_999, { forMs: 30_000 }));
    expect(early).toMatchObject({ transition: undefined, alert: { state: 'pending' } });
    const due = nextAlert(pending(), finding('holds'), context(START_MS + 30_000, { forMs: 30_000 }));
    expect(due).toMatchObject({
      transition: 'firing',
      alert: { state: 'firing', firedAt: START_MS + 30_000 },
    });
  });

  it('is gone with the first evaluation without the condition', () => {
    const step = nextAlert(pending(), finding('fails'), context(START_MS + 1000, { forMs: 30_000 }));
    expect(step).toEqual({ alert: undefined, transition: undefined });
  });

  it('waits while nothing can be judged, but not longer than is looked at', () => {
    const waiting = nextAlert(pending(), finding('unknown'), context(START_MS + 59_999, { forMs: 90_000 }));
    expect(waiting.alert?.state).toBe('pending');
    const over = nextAlert(pending(), finding('unknown'), context(START_MS + 60_000, { forMs: 90_000 }));
    expect(over.alert).toBeUndefined();
  });
});

describe('a firing alert', () => {
  it('follows what is found while the condition holds', () => {
    const { alert, transition } = nextAlert(
      firing({ misses: 1 }),
      finding('holds'),
      context(START_MS + 60_000),
    );
    expect(transition).toBeUndefined();
    expect(alert).toMatchObject({
      state: 'firing',
      details: { seen: 2 },
      misses: 0,
      lastHeldAt: START_MS + 60_000,
    });
  });

  it('is not resolved by one evaluation without the condition', () => {
    const step = nextAlert(firing(), finding('fails'), context(START_MS + 20_000));
    expect(step).toMatchObject({ transition: undefined, alert: { state: 'firing', misses: 1 } });
  });

  it('is resolved by the second one, when a tenth of the window has passed without the condition', () => {
    const soon = nextAlert(firing({ misses: 1 }), finding('fails'), context(START_MS + 5999));
    expect(soon).toMatchObject({ transition: undefined, alert: { misses: 2 } });
    const later = nextAlert(firing({ misses: 1 }), finding('fails'), context(START_MS + 6000));
    expect(later).toMatchObject({
      transition: 'resolved',
      alert: { state: 'resolved', resolvedAt: START_MS + 6000 },
    });
  });

  it('is resolved at once when it is over', () => {
    const step = nextAlert(firing(), finding('over'), context(START_MS + 1000));
    expect(step).toMatchObject({ transition: 'resolved', alert: { details: { seen: 2 } } });
  });

  it('stays as it is while nothing can be judged', () => {
    const alert = firing();
    expect(nextAlert(alert, finding('unknown'), context(START_MS + 1000)).alert).toBe(alert);
  });

  it('is resolved when nothing could be judged for as long as is looked at', () => {
    const gone = finding('unknown');
    expect(nextAlert(firing(), gone, context(START_MS + 59_999)).transition).toBeUndefined();
    expect(nextAlert(firing(), gone, context(START_MS + 60_000)).transition).toBe('resolved');
  });
});
