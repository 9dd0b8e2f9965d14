import { FakeClock, quietLogger } from '@everflame/testkit';
import { describe, expect, it } from 'vitest';
import {
  type ProfileFetcher,
  type ProfilePush,
  type ProfileSink,
  PushRefusedError,
  type ScrapeObserver,
} from '../src/application/ports.ts';
import { ScrapeError } from '../src/application/scrape-error.ts';
import { TargetScraper } from '../src/application/scrape-target.ts';
import { StatusBoard } from '../src/application/status-board.ts';
import { TargetSet } from '../src/application/target-set.ts';
import { EVERYONE, only, targetWith } from './support/configs.ts';

class ScriptedFetcher implements ProfileFetcher {
  readonly asked: { url: string; timeoutMs: number }[] = [];
  answer: (url: string) => Promise<Uint8Array> = () => Promise.resolve(new Uint8Array(5));

  fetch(url: string, timeoutMs: number): Promise<Uint8Array> {
    this.asked.push({ url, timeoutMs });
    return this.answer(url);
  }
}

class ScriptedSink implements ProfileSink {
  readonly attempts: ProfilePush[] = [];
  readonly refusals: (PushRefusedError | undefined)[] = [];

  push(_: unknown, push: ProfilePush): Promise<void> {
    this.attempts.push(push);
    const refusal = this.refusals.shift();
    return refusal === undefined ? Promise.resolve() : Promise.reject(refusal);
  }
}

class CountingObserver implements ScrapeObserver {
  readonly outcomes: string[] = [];
  readonly pushes: string[] = [];
  scraped(_target: unknown, profile: { key: string }, outcome: string): void {
    this.outcomes.push(`${profile.key} ${outcome}`);
  }
  pushed(outcome: string): void {
    this.pushes.push(outcome);
  }
  received(): void {}
  deltaReset(): void {}
  deltaStateBytes(): void {}
}

function setUp(config: object = {}) {
  const target = targetWith({ profiles: only('cpu', 'heap'), ...config });
  const parts = {
    fetcher: new ScriptedFetcher(),
    sink: new ScriptedSink(),
    observer: new CountingObserver(),
    board: new StatusBoard(new TargetSet([target])),
    clock: new FakeClock(1_700_000_000_000),
    preparer: {
      prepare: () => ({ pprof: new Uint8Array([9]), kinds: [], timeMs: 1, durationMs: 2 }),
      forget: () => undefined,
    },
  };
  const logger = quietLogger();
  const scraper = new TargetScraper({ ...parts, logger });
  const status = (key: string) =>
    parts.board.list(EVERYONE).targets[0]?.profiles.find(({ profile }) => profile === key);
  return { ...parts, target, scraper, status };
}

function refusal(retryAfterMs = 0): PushRefusedError {
  return new PushRefusedError('unavailable', 'spool_full', 'Full.', { retryAfterMs });
}

describe('TargetScraper', () => {
  it('asks for a recording of its length, and waits that much longer for it', async () => {
    const { fetcher, scraper, target } = setUp();
    await scraper.scrape(target);
    expect(fetcher.asked).toEqual([
      { url: 'http://127.0.0.1:6060/debug/pprof/profile?seconds=10', timeoutMs: 28_000 },
      { url: 'http://127.0.0.1:6060/debug/pprof/heap', timeoutMs: 18_000 },
    ]);
  });

  it('adds seconds to a path that has a query', async () => {
    const { fetcher, scraper, target } = setUp({
      profiles: { ...only(), cpu: { path: '/p?rate=5', seconds: 2 } },
    });
    await scraper.scrape(target);
    expect(fetcher.asked[0]?.url).toBe('http://127.0.0.1:6060/p?rate=5&seconds=2');
  });

  it('pushes with the labels of the target and the name of the profile', async () => {
    const { scraper, sink, target, status } = setUp();
    await scraper.scrape(target);
    expect(sink.attempts.map(({ labels, profileName }) => [labels.get('service_name'), profileName])).toEqual(
      [
        ['shop', 'process_cpu'],
        ['shop', 'memory'],
      ],
    );
    expect(status('cpu')).toMatchObject({ health: 'up', lastBytes: 5, scrapes: 1, failures: 0 });
  });

  it('keeps the failure of one profile from the others', async () => {
    const { fetcher, scraper, target, status, observer } = setUp();
    fetcher.answer = (url) =>
      url.endsWith('heap')
        ? Promise.reject(new ScrapeError('http_status', 'The target answered 404 Not Found.'))
        : Promise.resolve(new Uint8Array(5));
    await scraper.scrape(target);
    expect(observer.outcomes.toSorted()).toEqual(['cpu ok', 'heap http_status']);
    expect(status('heap')).toMatchObject({ health: 'down', lastError: { code: 'http_status' } });
    expect(status('cpu')).toMatchObject({ health: 'up' });
  });

  it('tries a push again with the same id while it may help', async () => {
    const { scraper, sink, target, observer, status } = setUp({
      profiles: only('heap'),
    });
    sink.refusals.push(refusal());
    await scraper.scrape(target);
    expect(sink.attempts).toHaveLength(2);
    expect(sink.attempts[1]?.id).toBe(sink.attempts[0]?.id);
    expect(observer.pushes).toEqual(['spool_full', 'accepted']);
    expect(status('heap')?.health).toBe('up');
  });

  it('gives up a push whose retry would come after the next scrape', async () => {
    const { scraper, sink, target, status } = setUp({
      profiles: only('heap'),
    });
    sink.refusals.push(refusal(20_000));
    await scraper.scrape(target);
    expect(sink.attempts).toHaveLength(1);
    expect(status('heap')).toMatchObject({ health: 'down', lastError: { code: 'spool_full' } });
  });

  it('does not repeat a push that was refused for good', async () => {
    const { scraper, sink, target } = setUp({ profiles: only('heap') });
    sink.refusals.push(new PushRefusedError('invalid', 'malformed_profile', 'No.'));
    await scraper.scrape(target);
    expect(sink.attempts).toHaveLength(1);
  });

  it('does not start a recording while the one before still runs', async () => {
    const { fetcher, scraper, target, observer } = setUp({
      profiles: only('cpu'),
    });
    let finish: (body: Uint8Array) => void = () => undefined;
    fetcher.answer = () => new Promise((resolve) => (finish = resolve));
    const first = scraper.scrape(target);
    await scraper.scrape(target);
    expect(observer.outcomes).toEqual(['cpu overlap']);
    finish(new Uint8Array(1));
    await first;
    expect(observer.outcomes).toEqual(['cpu overlap', 'cpu ok']);
  });

  it('leaves no trace of a scrape that was cut off by stopping', async () => {
    const { fetcher, scraper, target, status, observer } = setUp();
    fetcher.answer = () => {
      scraper.stop();
      return Promise.reject(new Error('stopped'));
    };
    await scraper.scrape(target);
    expect(observer.outcomes).toEqual([]);
    expect(status('cpu')?.health).toBe('unknown');
  });

  it('leaves no trace of a scrape of a profile that is scraped no longer', async () => {
    const { fetcher, scraper, target, status, observer, sink } = setUp();
    fetcher.answer = () => {
      scraper.forget(target, target.profiles.slice(0, 1));
      return Promise.resolve(new Uint8Array(5));
    };
    await scraper.scrape(target);
    expect(observer.outcomes).toEqual(['heap ok']);
    expect(sink.attempts.map(({ profileName }) => profileName)).toEqual(['memory']);
    expect(status('cpu')?.health).toBe('unknown');
  });

  it('tells nothing from inside about a bug', async () => {
    const { fetcher, scraper, target, status } = setUp();
    fetcher.answer = () => Promise.reject(new TypeError('secret'));
    await scraper.scrape(target);
    expect(status('cpu')?.lastError).toEqual({
      code: 'internal',
      message: 'Something went wrong inside the scraper. Its log has the cause.',
    });
  });
});
