import { waitFor } from '@everflame/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AnswerRedis, CPU, HOUR, oneProfile, PAST, settleMarks } from './support/cached-answers.ts';
import type { TestQuery } from './support/query-service.ts';

describe('the metrics of the query service', () => {
  let redis: AnswerRedis;
  let query: TestQuery;

  beforeAll(async () => {
    redis = await AnswerRedis.start();
    query = await redis.query();
  });
  afterAll(async () => {
    await query.close();
    await redis.stop();
  });

  const range = { query: `${CPU}{service_name="checkout"}`, from: String(PAST), to: String(PAST + HOUR) };

  async function valueOf(name: string, ...labels: readonly string[]): Promise<number> {
    const text = await (await fetch(`${query.url}/metrics`)).text();
    const line = text
      .split('\n')
      .find((each) => each.startsWith(name) && labels.every((label) => each.includes(label)));
    return Number(line?.split(' ').at(-1) ?? Number.NaN);
  }

  it('count what each cache has and has not', async () => {
    const lookups = 'everflame_query_cache_lookups_total{';
    await query.insert(oneProfile(5, PAST));
    await settleMarks(query);
    await redis.fill(() => query.text('flamegraph', range), 2);
    const misses = await valueOf(lookups, 'cache="tree"', 'outcome="miss"');
    const hits = await valueOf(lookups, 'cache="tree"', 'outcome="hit"');
    await query.text('flamegraph', range);
    expect(await valueOf(lookups, 'cache="tree"', 'outcome="hit"')).toBe((hits || 0) + 1);
    await query.text('flamegraph', { ...range, max_nodes: '7' });
    expect(await valueOf(lookups, 'cache="tree"', 'outcome="miss"')).toBe(misses + 1);
    expect(await valueOf(lookups, 'cache="merge"', 'outcome="hit"')).toBeGreaterThan(0);
    expect(await valueOf(lookups, 'cache="stacks"', 'outcome="miss"')).toBe(1);
    expect(await valueOf(lookups, 'cache="stacks"', 'outcome="hit"')).toBeGreaterThan(0);
  });

  it('have the time of answers by the kind of question', async () => {
    const name = 'everflame_query_answer_duration_seconds_count';
    await query.text('labels/service_name/values', { from: range.from, to: range.to });
    expect(await valueOf(name, 'question="labels/:name/values"')).toBe(1);
    expect(await valueOf(name, 'question="flamegraph"')).toBeGreaterThan(0);
  });

  it('count refusals by their code', async () => {
    expect((await query.get('top', { query: 'no selector' })).status).toBe(400);
    expect(await valueOf('everflame_query_refusals_total', 'code="invalid_selector"')).toBe(1);
    expect((await query.get('nothing')).status).toBe(404);
    expect(await valueOf('everflame_query_refusals_total', 'code="not_found"')).toBe(1);
  });

  it('say how many queries run and wait', async () => {
    await waitFor(async () => (await valueOf('everflame_query_running')) === 0, {
      what: 'the end of queries',
    });
    expect(await valueOf('everflame_query_waiting')).toBe(0);
  });
});
