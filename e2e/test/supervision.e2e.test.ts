import type { FlamegraphResponse } from '@everflame/contract';
import {
  describeWithTool,
  FaultProxy,
  type FreshDatabase,
  freshDatabase,
  readTestdata,
  startTestClickHouse,
  type TestClickHouse,
  waitFor,
} from '@everflame/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Everflame } from './support/everflame.ts';
import { labelsOf, pushAll } from './support/push.ts';

const CPU = 'process_cpu:cpu:nanoseconds:cpu:nanoseconds';
const SERVICES = ['ingest', 'query', 'scraper', 'alerter'];
const PROFILE = readTestdata('corpus/own/go/webapp.cpu10s.pb.gz');
const SINCE_MS = Date.now() - 300_000;

const SILENCE_MS = 9000;

let pushes = 0;

/** Pushes a profile of its own until ingest takes it. */
async function push(everflame: Everflame): Promise<void> {
  const request = {
    id: 'one',
    labels: labelsOf({ service_name: 'pushed' }),
    profileName: 'process_cpu',
    pprof: PROFILE,
    timeUnixMs: SINCE_MS + pushes++,
  };
  await waitFor(
    async () => {
      const answer = (await pushAll(everflame.ingestAddress, [request])).get('one');
      return answer !== undefined && answer.error == null;
    },
    { what: 'ingest to take a push' },
  );
}

async function stored(everflame: Everflame): Promise<number> {
  const answer = await everflame.json<FlamegraphResponse>('flamegraph', {
    query: `${CPU}{service_name="pushed"}`,
    from: String(SINCE_MS - 60_000),
    to: String(SINCE_MS + 60_000),
  });
  return answer.left.profiles;
}

async function kill(everflame: Everflame, service: string): Promise<void> {
  const pid = await everflame.pidOf(`services/${service}/dist`);
  process.kill(pid, 'SIGKILL');
  await waitFor(() => !everflame.processes().includes(pid), { what: `${service} to be gone` });
}

const linesOf = (everflame: Everflame, name: string): string[] =>
  everflame.output.split('\n').filter((line) => line.slice(2).startsWith(`${name} `));

describeWithTool(['redis-server'], 'with a ClickHouse that is away', () => {
  let clickhouse: TestClickHouse;
  let database: FreshDatabase;
  let proxy: FaultProxy;
  let everflame: Everflame;

  beforeAll(async () => {
    clickhouse = await startTestClickHouse();
    database = await freshDatabase(clickhouse.url);
    proxy = await FaultProxy.start(Number(new URL(clickhouse.url).port));
    await proxy.setMode({ kind: 'refuse' });
    everflame = await Everflame.create('', {
      CLICKHOUSE_URL: `http://127.0.0.1:${proxy.port}`,
      CLICKHOUSE_DATABASE: database.name,
      CLICKHOUSE_EMBEDDED: 'true',
    });
    everflame.launch();
  });
  afterAll(async () => {
    await everflame.dispose();
    await proxy.close();
    await database.drop();
    await clickhouse.stop();
  });

  const says = (text: string): Promise<boolean> =>
    waitFor(() => everflame.output.includes(text), { timeoutMs: 90_000, what: `the line "${text}"` });

  it('starts, takes pushes and says what it waits for', async () => {
    await push(everflame);
    await says('The ClickHouse of CLICKHOUSE_URL cannot be used yet');
    await says('… query waits: clickhouse: ClickHouse does not answer (ECONNREFUSED)');
    await says('… alerter waits: clickhouse: ClickHouse does not answer (ECONNREFUSED)');
    await says(
      `Everflame is up: http://127.0.0.1:${everflame.ports.QUERY_PORT}; not ready yet: query, alerter`,
    );
    expect(everflame.exitCode).toBeNull();
  });

  it('goes on after a kill of query and six of ingest, which takes pushes in between', async () => {
    const others = await Promise.all(
      ['scraper', 'alerter'].map((name) => everflame.pidOf(`services/${name}/dist`)),
    );
    await kill(everflame, 'query');
    for (let kills = 0; kills < 6; kills++) {
      await kill(everflame, 'ingest');
      await push(everflame);
    }
    await everflame.pidOf('services/query/dist');
    expect(everflame.processes()).toEqual(expect.arrayContaining(others));
    expect(everflame.exitCode).toBeNull();
  });

  it('is ready when ClickHouse comes, with everything that was pushed', async () => {
    await proxy.setMode({ kind: 'pass' });
    await everflame.ready();
    await waitFor(async () => (await stored(everflame)) === pushes, { what: 'every push to be stored' });
  });

  it('waits again, without a restart of anything, when ClickHouse answers nothing any more', async () => {
    const pids = new Set(everflame.processes());
    await proxy.setMode({ kind: 'blackhole' });
    const waits = (): number => linesOf(everflame, 'query').filter((line) => line.startsWith('…')).length;
    const before = waits();
    await waitFor(() => waits() > before, { timeoutMs: 90_000, what: 'query to wait' });
    await push(everflame);
    await proxy.setMode({ kind: 'pass' });
    await waitFor(() => linesOf(everflame, 'query').at(-1)?.startsWith('✓ query is back'), {
      timeoutMs: 90_000,
      what: 'query to be back',
    });
    await waitFor(async () => (await stored(everflame)) === pushes, { what: 'every push to be stored' });
    expect(new Set(everflame.processes())).toEqual(pids);
  });
});

describeWithTool(['redis-server'], 'what stands still', () => {
  let everflame: Everflame;
  let pushesBefore = 0;

  beforeAll(async () => {
    pushesBefore = pushes;
    everflame = await Everflame.create('', { EVERFLAME_LIVENESS_TIMEOUT_MS: String(SILENCE_MS) });
    await everflame.start();
  });
  afterAll(() => everflame.dispose());

  it('is nothing else when the command itself stood still', async () => {
    const pids = everflame.processes();
    const stoppedAt = Date.now();
    process.kill(everflame.pid, 'SIGSTOP');
    await waitFor(() => Date.now() - stoppedAt > 2 * SILENCE_MS, {
      what: 'twice the time after which it kills',
    });
    process.kill(everflame.pid, 'SIGCONT');
    const scraper = await everflame.pidOf('services/scraper/dist');
    await kill(everflame, 'scraper');
    await waitFor(() => linesOf(everflame, 'scraper').at(-1)?.startsWith('✓ scraper is back'), {
      timeoutMs: 90_000,
      what: 'the scraper to be back',
    });
    expect(everflame.output).not.toContain('has not answered');
    expect(everflame.processes()).toEqual(expect.arrayContaining(pids.filter((pid) => pid !== scraper)));
  });

  it.each([
    ['query', 'services/query/dist'],
    ['ingest', 'services/ingest/dist'],
    ['clickhouse', 'embedded-clickhouse/dist'],
    ['redis', 'redis-server'],
  ])('%s is killed and started again', async (name, part) => {
    await push(everflame);
    const frozen = await everflame.pidOf(part);
    process.kill(frozen, 'SIGSTOP');
    await waitFor(() => linesOf(everflame, name).at(-1)?.startsWith(`✓ ${name} is back`), {
      timeoutMs: 90_000,
      what: `${name} to be back`,
    });
    expect(linesOf(everflame, name).at(-2)).toContain(
      `has not answered for ${SILENCE_MS / 1000} s and was killed`,
    );
    expect(await everflame.pidOf(part)).not.toBe(frozen);
    await push(everflame);
    await waitFor(
      async () => (await Promise.all(SERVICES.map((service) => everflame.isReady(service)))).every(Boolean),
      { timeoutMs: 90_000, what: 'all services to be ready' },
    );
  });

  it('loses nothing that was pushed', async () => {
    await everflame.settled();
    expect(await stored(everflame)).toBe(pushes - pushesBefore);
  });

  it('leaves the line that everything is ready as the last of the start', () => {
    expect(everflame.output).toContain('Everflame is ready');
    expect(everflame.output).not.toContain('not ready yet');
  });
});

describeWithTool(['redis-server'], 'a setting that a service refuses', () => {
  it('ends the command with the sentence of the service', async () => {
    const everflame = await Everflame.create('', { INGEST_LIMIT_SAMPLES: 'many' });
    try {
      everflame.launch();
      await waitFor(() => everflame.exitCode !== null, { timeoutMs: 90_000, what: 'the command to end' });
      expect(everflame.exitCode).toBe(2);
      expect(everflame.output).toContain('ingest could not start (exit code 2)');
      expect(everflame.output).toContain('INGEST_LIMIT_SAMPLES');
      expect(everflame.processes()).toEqual([]);
    } finally {
      await everflame.dispose();
    }
  });
});
