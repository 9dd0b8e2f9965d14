import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  fingerprintOf,
  InvalidArgumentError,
  LabelSet,
  LimitExceededError,
  validateLabels,
} from '../src/index.ts';

const labelEntries = fc.uniqueArray(fc.tuple(fc.string({ minLength: 1 }), fc.string()), {
  selector: ([name]) => name,
  maxLength: 12,
});

describe('LabelSet', () => {
  it('is sorted by name whatever order the labels come in', () => {
    const labels = LabelSet.of({ version: '2.41', service_name: 'checkout', a: '1' });
    expect(labels.toString()).toBe('{a="1",service_name="checkout",version="2.41"}');
    expect(labels.entries().map(([name]) => name)).toEqual(['a', 'service_name', 'version']);
  });

  it('keeps the last of several values of one name', () => {
    const labels = LabelSet.fromEntries([
      ['a', '1'],
      ['a', '2'],
    ]);
    expect(labels.size).toBe(1);
    expect(labels.get('a')).toBe('2');
  });

  it('lets added labels win and leaves the original as it was', () => {
    const labels = LabelSet.of({ a: '1', b: '2' });
    expect(labels.with({ b: '3', c: '4' }).toObject()).toEqual({ a: '1', b: '3', c: '4' });
    expect(labels.with(LabelSet.of({ a: '9' })).get('a')).toBe('9');
    expect(labels.toObject()).toEqual({ a: '1', b: '2' });
  });

  it('escapes quotes, backslashes and line ends in its text', () => {
    expect(LabelSet.of({ a: 'x"y\\z\n' }).toString()).toBe('{a="x\\"y\\\\z\\n"}');
  });

  it('holds names that objects treat specially', () => {
    const labels = LabelSet.fromEntries([['__proto__', 'x']]);
    expect(labels.get('__proto__')).toBe('x');
    expect(Object.entries(labels.toObject())).toEqual([['__proto__', 'x']]);
    expect(LabelSet.of({}).get('constructor')).toBeUndefined();
  });
});

describe('fingerprintOf', () => {
  it('does not depend on the order of labels', () => {
    fc.assert(
      fc.property(labelEntries, fc.string(), (entries, tenant) => {
        const forward = fingerprintOf(tenant, LabelSet.fromEntries(entries));
        expect(fingerprintOf(tenant, LabelSet.fromEntries(entries.toReversed()))).toEqual(forward);
      }),
    );
  });

  it('differs between tenants and between names and values that join to the same text', () => {
    const fingerprints = [
      fingerprintOf('t1', LabelSet.of({ ab: 'c' })),
      fingerprintOf('t2', LabelSet.of({ ab: 'c' })),
      fingerprintOf('t1', LabelSet.of({ a: 'bc' })),
      fingerprintOf('t1', LabelSet.of({ a: 'b', c: '' })),
      fingerprintOf('t1', LabelSet.EMPTY),
    ];
    expect(new Set(fingerprints.map(({ lo, hi }) => `${hi}:${lo}`)).size).toBe(fingerprints.length);
  });

  it('is the same in every release, because it is stored', () => {
    expect(fingerprintOf('default', LabelSet.of({ service_name: 'checkout' }))).toMatchInlineSnapshot(`
      {
        "hi": 3640809644,
        "lo": 1541556540,
      }
    `);
  });
});

describe('validateLabels', () => {
  const codeOf = (labels: Record<string, string>): string => {
    try {
      validateLabels(LabelSet.of(labels));
      return 'ok';
    } catch (error) {
      if (error instanceof InvalidArgumentError || error instanceof LimitExceededError) return error.code;
      throw error;
    }
  };

  it.each([
    ['ok', { service_name: 'a', _x: '', 'k8s.pod.name': 'p' }],
    ['invalid_label', { service_name: 'a', '9x': '1' }],
    ['invalid_label', { service_name: 'a', 'thread name': '1' }],
    ['invalid_label', { service_name: 'a', '': '1' }],
    ['invalid_label', { service_name: '' }],
    ['invalid_label', { version: '1' }],
    ['limit_label_name_length', { service_name: 'a', ['n'.repeat(129)]: '1' }],
    ['limit_label_value_length', { service_name: 'v'.repeat(1025) }],
    ['ok', { service_name: 'v'.repeat(1024), ['n'.repeat(128)]: '1' }],
  ])('answers %s for %o', (code, labels) => {
    expect(codeOf(labels as Record<string, string>)).toBe(code);
  });

  it('refuses more than 30 labels', () => {
    const labels = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`l${i}`, 'x']));
    expect(codeOf({ ...labels, service_name: 'a' })).toBe('limit_labels');
  });
});
