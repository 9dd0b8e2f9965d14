import { describe, expect, it } from 'vitest';
import type { Provider } from '../src/application/ports.ts';
import { ScrapeManager } from '../src/application/scrape-manager.ts';
import { poolOf } from '../src/application/scrape-pool.ts';
import { TargetSet } from '../src/application/target-set.ts';
import { EVERYONE, scrapeConfig } from './support/configs.ts';

/** Finds what it is told, when it is told. */
class ToldProvider {
  readonly kind: string;
  signal: AbortSignal | undefined;
  find: (...targets: string[]) => void = () => undefined;

  constructor(kind = 'told') {
    this.kind = kind;
  }

  readonly provide: Provider = (onGroups, signal) => {
    this.find = (...targets) => onGroups([{ targets, labels: {} }]);
    this.signal = signal;
  };
}

function setUp() {
  const targets = new TargetSet();
  const manager = new ScrapeManager(targets);
  const apply = (...pools: [string, ...ToldProvider[]][]) =>
    manager.apply(
      pools.map(([job_name, ...providers]) => ({
        pool: poolOf(EVERYONE, scrapeConfig({ job_name })),
        providers: Object.fromEntries(providers.map(({ kind, provide }) => [kind, provide])),
      })),
    );
  const found = () => [...targets].map(({ pool, url }) => `${pool} ${url.slice('http://'.length)}`);
  return { apply, found };
}

describe('ScrapeManager', () => {
  it('follows what the providers of each pool find', () => {
    const { apply, found } = setUp();
    const [one, two, three] = [new ToldProvider('one'), new ToldProvider('two'), new ToldProvider('one')];
    apply(['shop', one, two], ['cart', three]);
    expect(found()).toEqual([]);
    one.find('a:1', 'b:1');
    two.find('c:1');
    three.find('d:1');
    expect(found()).toEqual(['shop a:1', 'shop b:1', 'shop c:1', 'cart d:1']);
    one.find('b:1');
    expect(found()).toEqual(['shop b:1', 'shop c:1', 'cart d:1']);
  });

  it('leaves the targets of a pool as they are until its new providers have found', () => {
    const { apply, found } = setUp();
    const [before, after] = [new ToldProvider(), new ToldProvider()];
    apply(['shop', before]);
    before.find('a:1');
    apply(['shop', after]);
    expect(found()).toEqual(['shop a:1']);
    after.find('b:1');
    expect(found()).toEqual(['shop b:1']);
  });

  it('drops the pools that are gone, and does not listen to their providers any more', () => {
    const { apply, found } = setUp();
    const [shop, cart] = [new ToldProvider(), new ToldProvider()];
    apply(['shop', shop]);
    shop.find('a:1');
    apply(['cart', cart]);
    expect(shop.signal?.aborted).toBe(true);
    shop.find('a:1', 'b:1');
    expect(found()).toEqual([]);
  });
});
