import type { FlamegraphResponse, TargetsResponse } from '@everflame/contract';
import { describeWithTool, readTestdata, waitFor } from '@everflame/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Everflame } from './support/everflame.ts';
import { labelsOf, pushAll } from './support/push.ts';

const CPU = 'process_cpu:cpu:nanoseconds:cpu:nanoseconds';
const PROFILES = 40;

describeWithTool(['redis-server'], 'kill -9 of everything', () => {
  let everflame: Everflame;
  const timeMs = Date.now() - 300_000;
  const pushed = {
    query: `${CPU}{service_name="pushed"}`,
    from: String(timeMs - 1000),
    to: String(timeMs + 60_000),
  };

  const selfScrapes = async (): Promise<number> => {
    const { targets } = await everflame.json<TargetsResponse>('targets');
    return targets.flatMap((target) => target.profiles).reduce((sum, { scrapes }) => sum + scrapes, 0);
  };

  beforeAll(async () => {
    everflame = await Everflame.create();
    await everflame.start();
  });
  afterAll(() => everflame.dispose());

  it('leaves nothing running and loses nothing that was acknowledged', async () => {
    const answers = await pushAll(
      everflame.ingestAddress,
      Array.from({ length: PROFILES }, (_, index) => ({
        id: String(index),
        labels: labelsOf({ service_name: 'pushed', instance: String(index) }),
        profileName: 'process_cpu',
        pprof: readTestdata('corpus/own/go/webapp.cpu10s.pb.gz'),
        timeUnixMs: timeMs + index,
      })),
    );
    expect([...answers.values()].filter((answer) => answer.error != null)).toEqual([]);
    await everflame.settled();
    const before = await everflame.json<FlamegraphResponse>('flamegraph', pushed);
    expect(before.left.profiles).toBe(PROFILES);
    await waitFor(async () => (await selfScrapes()) > 0, {
      timeoutMs: 60_000,
      what: 'a scrape of Everflame itself',
    });

    await everflame.killEverything();
    await everflame.start();

    const after = await everflame.json<FlamegraphResponse>('flamegraph', pushed);
    expect(after.left).toEqual(before.left);
    expect(after.tree).toEqual(before.tree);
  });

  it('goes on scraping by itself', async () => {
    const restartedAt = Date.now();
    await waitFor(
      async () => {
        const answer = await everflame.json<FlamegraphResponse>('flamegraph', {
          query: `${CPU}{service_name=~"everflame-.*"}`,
          from: String(restartedAt - 30_000),
        });
        return answer.left.profiles > 0 && (await selfScrapes()) > 0;
      },
      { timeoutMs: 90_000, what: 'new profiles of Everflame itself' },
    );
  });

  it('killing the parent alone leaves no orphan', async () => {
    process.kill(everflame.pid, 'SIGKILL');
    await waitFor(() => Promise.resolve(everflame.processes().length === 0), {
      timeoutMs: 40_000,
      what: 'every child to end after its parent',
    });
  });

  it('a second instance on the same data folder is refused in one sentence', async () => {
    await everflame.start();
    const second = await Everflame.create();
    try {
      Object.defineProperty(second, 'dataDir', { get: () => everflame.dataDir });
      await expect(second.start()).rejects.toThrow(/data folder/);
    } finally {
      await second.dispose();
    }
  });

  it('Ctrl-C ends every process', async () => {
    await everflame.stop();
    expect(everflame.processes()).toEqual([]);
  });
});
