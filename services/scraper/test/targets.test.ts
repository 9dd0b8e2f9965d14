import { describe, expect, it } from 'vitest';
import { scheduleOffsetMs, targetId } from '../src/application/target.ts';
import { TargetSet } from '../src/application/target-set.ts';
import { ScrapeManager } from '../src/application/scrape-manager.ts';
import { discoveredPools } from '../src/discovery/discovered-pools.ts';
import { EVERYONE, targetsWith, targetWith } from './support/configs.ts';

describe('targetsOf', () => {
  it('adds job, instance and service_name to the configured labels', () => {
    const target = targetWith({
      static_configs: [{ targets: ['10.0.0.1:6060'], labels: { version: '2.41' } }],
    });
    expect(target).toMatchObject({
      pool: 'shop',
      url: 'http://10.0.0.1:6060',
      intervalMs: 15_000,
      timeoutMs: 18_000,
    });
    expect(target.labels.toObject()).toEqual({
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
    expect(new TargetSet(targetsWith({ static_configs: [{ targets }] })).size).toBe(2);
  });

  it('puts own processes in the pool everflame', () => {
    const targets = new TargetSet();
    const own = [{ serviceName: 'everflame-query', address: '127.0.0.1:4040' }];
    new ScrapeManager(targets).apply(discoveredPools(EVERYONE, [], own));
    const [target] = targets;
    expect(target).toMatchObject({ pool: 'everflame', url: 'http://127.0.0.1:4040' });
    expect(target?.labels.get('service_name')).toBe('everflame-query');
    expect(target?.profiles.map((profile) => profile.key)).toEqual(['cpu', 'heap']);
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
  const targets = targetsWith({
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
