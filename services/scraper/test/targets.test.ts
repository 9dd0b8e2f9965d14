import { describe, expect, it } from 'vitest';
import { scheduleOffsetMs, type Target, targetId, targetsOf } from '../src/application/targets.ts';
import { fileWith, targetWith } from './support/configs.ts';

function targetsFrom(...configs: object[]): Target[] {
  const problems: string[] = [];
  const targets = [...targetsOf(fileWith(...configs), [], problems)];
  expect(problems).toEqual([]);
  return targets;
}

describe('targetsOf', () => {
  it('adds job, instance and service_name to the configured labels', () => {
    const [target] = targetsFrom({
      job_name: 'shop',
      static_configs: [{ targets: ['10.0.0.1:6060'], labels: { version: '2.41' } }],
    });
    expect(target).toMatchObject({
      pool: 'shop',
      url: 'http://10.0.0.1:6060',
      intervalMs: 15_000,
      timeoutMs: 18_000,
    });
    expect(target?.labels.toObject()).toEqual({
      instance: '10.0.0.1:6060',
      job: 'shop',
      service_name: 'shop',
      version: '2.41',
    });
  });

  it('lets configured labels win', () => {
    const labels = { instance: 'pod-7', service_name: 'checkout' };
    const target = targetWith({ static_configs: [{ targets: ['10.0.0.1:6060'], labels }] });
    expect(target.labels.toObject()).toEqual({ ...labels, job: 'shop' });
  });

  it('takes scheme and timeout from the config', () => {
    const target = targetWith({ scheme: 'https', scrape_timeout: '2s' });
    expect(target).toMatchObject({ url: 'https://127.0.0.1:6060', timeoutMs: 2000 });
  });

  it('scrapes a target once that is listed twice', () => {
    const targets = ['10.0.0.1:6060', '10.0.0.1:6060', '10.0.0.2:6060'];
    expect(targetsFrom({ job_name: 'shop', static_configs: [{ targets }] })).toHaveLength(2);
  });

  it('puts own processes in the pool everflame', () => {
    const targets = targetsOf(
      fileWith(),
      [{ serviceName: 'everflame-query', address: '127.0.0.1:4040' }],
      [],
    );
    const [target] = targets;
    expect(target).toMatchObject({ pool: 'everflame', url: 'http://127.0.0.1:4040' });
    expect(target?.labels.get('service_name')).toBe('everflame-query');
    expect(target?.profiles.map((profile) => profile.key)).toEqual(['cpu', 'heap']);
  });

  it('reports labels that no series can have', () => {
    const problems: string[] = [];
    const config = { job_name: 'shop', static_configs: [{ targets: ['a:1'], labels: { 'no-dash': 'x' } }] };
    targetsOf(fileWith(config), [], problems);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(/scrape_configs\.shop: a:1: .*no-dash/);
  });
});

describe('targetId', () => {
  const target = targetWith();

  it('does not depend on the order of labels, the interval or the profiles', () => {
    const labels = { b: '1', a: '2' };
    const other = { a: '2', b: '1' };
    const one = targetWith({ static_configs: [{ targets: ['a:1'], labels }] });
    const two = targetWith({
      scrape_interval: '30s',
      profiles: { cpu: { enabled: false } },
      static_configs: [{ targets: ['a:1'], labels: other }],
    });
    expect(one.id).toBe(two.id);
  });

  it('differs by pool, URL and labels', () => {
    const ids = new Set([
      target.id,
      targetId('other', target.url, target.labels),
      targetId(target.pool, 'http://other:1', target.labels),
      targetId(target.pool, target.url, target.labels.with({ zone: 'b' })),
    ]);
    expect(ids.size).toBe(4);
  });

  it('is the same in every release', () => {
    expect(target.id).toBe('6ca7f265e504e5508560');
  });
});

describe('scheduleOffsetMs', () => {
  const targets = targetsFrom({
    job_name: 'shop',
    static_configs: [{ targets: Array.from({ length: 1000 }, (_, i) => `10.0.0.${i}:6060`) }],
  });

  it('is within the interval, and never 0, which would mean now', () => {
    for (const target of targets) {
      expect(scheduleOffsetMs(target)).toBeGreaterThanOrEqual(1);
      expect(scheduleOffsetMs(target)).toBeLessThan(target.intervalMs);
    }
  });

  it('spreads a thousand targets over the interval', () => {
    const perSecond = Array.from({ length: 15 }, () => 0);
    for (const target of targets) perSecond[Math.floor(scheduleOffsetMs(target) / 1000)]! += 1;
    expect(Math.min(...perSecond)).toBeGreaterThan(35);
    expect(Math.max(...perSecond)).toBeLessThan(110);
  });
});
