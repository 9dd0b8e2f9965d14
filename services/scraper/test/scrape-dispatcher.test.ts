import { describe, expect, it } from 'vitest';
import { quietLogger } from '@everflame/testkit';
import type { TargetOwnership } from '../src/application/ports.ts';
import { ScrapeDispatcher } from '../src/application/scrape-dispatcher.ts';
import type { Target } from '../src/application/target.ts';
import { TargetSet } from '../src/application/target-set.ts';
import { targetWith } from './support/configs.ts';

class ScriptedOwnership implements TargetOwnership {
  owner = 'self';
  lastScraper = 'self';
  isRedisAway = false;

  handOver(): Promise<boolean> {
    return this.isRedisAway ? Promise.reject(new Error('away')) : Promise.resolve(this.owner === 'other');
  }

  claim(): Promise<boolean> {
    const wasSelf = this.lastScraper === 'self';
    this.lastScraper = 'self';
    return this.isRedisAway ? Promise.reject(new Error('away')) : Promise.resolve(wasSelf);
  }
}

function setUp(concurrency = 10) {
  const target = targetWith();
  const ownership = new ScriptedOwnership();
  const log: string[] = [];
  const scraper = {
    scrape: (scraped: Target) => Promise.resolve(void log.push(`scrape ${scraped.pool}`)),
    forgetDeltas: () => void log.push('forget'),
  };
  const dispatcher = new ScrapeDispatcher({
    targets: new TargetSet([target]),
    ownership,
    scraper,
    concurrency,
    logger: quietLogger(),
  });
  return { target, ownership, scraper, dispatcher, log };
}

describe('ScrapeDispatcher', () => {
  it('scrapes a target of its own, with the deltas it has', async () => {
    const { dispatcher, target, log } = setUp();
    await dispatcher.onDue(target.id);
    expect(log).toEqual(['scrape shop']);
  });

  it('leaves a target to the scraper that owns it', async () => {
    const { dispatcher, target, ownership, log } = setUp();
    ownership.owner = 'other';
    await dispatcher.onDue(target.id);
    expect(log).toEqual([]);
  });

  it('scrapes what is handed over, without asking who owns it', async () => {
    const { dispatcher, target, ownership, log } = setUp();
    ownership.owner = 'other';
    dispatcher.onHandedOver(target.id);
    await dispatcher.drain();
    expect(log).toEqual(['scrape shop']);
  });

  it('takes no delta over what another scraper has pushed already', async () => {
    const { dispatcher, target, ownership, log } = setUp();
    ownership.lastScraper = 'other';
    await dispatcher.onDue(target.id);
    await dispatcher.onDue(target.id);
    expect(log).toEqual(['forget', 'scrape shop', 'scrape shop']);
  });

  it('scrapes with a fresh baseline when Redis cannot tell who owns the target', async () => {
    const { dispatcher, target, ownership, log } = setUp();
    ownership.isRedisAway = true;
    await dispatcher.onDue(target.id);
    expect(log).toEqual(['forget', 'scrape shop']);
  });

  it('ignores a target that only another configuration has', async () => {
    const { dispatcher, log } = setUp();
    await dispatcher.onDue('unknown');
    expect(log).toEqual([]);
  });

  it('bounds how many targets are scraped at once, handed over ones included', async () => {
    const { dispatcher, target, scraper } = setUp(2);
    let running = 0;
    let most = 0;
    scraper.scrape = async () => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setImmediate(resolve));
      running--;
    };
    for (let i = 0; i < 5; i++) dispatcher.onHandedOver(target.id);
    await Promise.all([dispatcher.onDue(target.id), dispatcher.drain()]);
    expect(most).toBe(2);
  });
});
