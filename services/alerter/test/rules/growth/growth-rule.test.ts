import { quietLogger } from '@everflame/testkit';
import { UnavailableError } from '@everflame/profile';
import { beforeEach, describe, expect, it } from 'vitest';
import type { AlertDocument } from '../../../src/documents/alert-document.ts';
import { GrowthRule } from '../../../src/rules/growth/growth-rule.ts';
import type { Finding } from '../../../src/rules/rule-kind.ts';
import { buildPoints, buildSeries, START_MS } from '../../support/gauge-builder.ts';
import { MemoryGrowthExplainer, MemorySeriesReader } from '../../support/memory-ports.ts';
import {
  buildAlert,
  buildGrowthDetails,
  buildRule,
  HEAP_TYPE,
  MIB,
  PRINCIPAL,
} from '../../support/record-builder.ts';

const NOW_MS = START_MS + 60_000;
const GROUP = { service_name: 'shop' };

let reader: MemorySeriesReader;
let explainer: MemoryGrowthExplainer;
let kind: GrowthRule;

beforeEach(() => {
  reader = new MemorySeriesReader();
  explainer = new MemoryGrowthExplainer();
  kind = new GrowthRule({
    reader,
    explainer,
    dashboardUrl: 'http://127.0.0.1:4040',
    logger: quietLogger(),
  });
});

/** What is found of one series whose value is `bytes` at the given second. */
async function find(
  bytes: (seconds: number) => number,
  open: readonly AlertDocument[] = [],
): Promise<Finding | undefined> {
  reader.groups = [{ labels: GROUP, series: [buildSeries(buildPoints(bytes))] }];
  const [finding] = await kind.evaluate(PRINCIPAL, buildRule(), open, NOW_MS);
  return finding;
}

const grows = (seconds: number): number => (12 + seconds) * MIB;
const restarts = (seconds: number): number => (seconds < 50 ? 50 : 10) * MIB;

describe('a growth rule', () => {
  it('reads the window of the rule in steps of at least a second', async () => {
    await kind.evaluate(PRINCIPAL, buildRule({ windowMs: 3_600_000 }), [], NOW_MS);
    await kind.evaluate(PRINCIPAL, buildRule({ windowMs: 20_000 }), [], NOW_MS);
    expect(reader.asked.map(({ fromMs, toMs, stepMs }) => [toMs - fromMs, stepMs])).toEqual([
      [3_600_000, 60_000],
      [20_000, 1000],
    ]);
  });

  it('finds that a leak grows, since when and from where, with a link to what changed', async () => {
    expect(await find(grows)).toMatchObject({
      group: GROUP,
      outcome: 'holds',
      details: {
        type: HEAP_TYPE,
        unit: 'bytes',
        valueNow: 70 * MIB,
        diffUrl: expect.stringContaining('/compare?left_query=') as string,
      },
    });
  });

  it('keeps when an alert began and follows the value while growth goes on', async () => {
    const since = START_MS - 30_000;
    const alert = buildAlert({ details: buildGrowthDetails({ since, valueBefore: MIB }) });
    expect((await find(grows, [alert]))?.details).toMatchObject({
      since,
      valueBefore: MIB,
      valueNow: 70 * MIB,
    });
  });

  it('finds an alert over when a new process brought the value down by more than half', async () => {
    expect(await find(restarts, [buildAlert()])).toMatchObject({
      outcome: 'over',
      details: { valueNow: 10 * MIB, diffUrl: buildGrowthDetails().diffUrl },
    });
  });

  it('finds nothing over by a low value alone, as when only some instances could be scraped', async () => {
    reader.groups = [
      { labels: GROUP, series: [buildSeries(buildPoints(() => 20 * MIB, { fromMs: 0, everyMs: 15_000 }))] },
    ];
    const [finding] = await kind.evaluate(PRINCIPAL, buildRule(), [buildAlert()], NOW_MS);
    expect(finding).toMatchObject({ outcome: 'unknown', details: buildGrowthDetails() });
  });

  it('finds a pending alert not over, but without growth', async () => {
    expect((await find(restarts, [buildAlert({ state: 'pending' })]))?.outcome).not.toBe('over');
  });

  it('judges the group of an open alert also when nothing of it is left', async () => {
    const gone = buildAlert({ group: { service_name: 'gone' } });
    const findings = await kind.evaluate(PRINCIPAL, buildRule(), [gone], NOW_MS);
    expect(findings).toEqual([{ group: gone.group, outcome: 'unknown', details: gone.details }]);
  });

  it('explains an alert by the functions that grew, or says why they are not known', async () => {
    const grown = { name: 'main.rememberSession', file: 'main.go', before: 1, after: 30 };
    explainer.functions = [grown];
    const explain = () => kind.explain(PRINCIPAL, buildRule(), buildAlert(), NOW_MS);
    expect(await explain()).toMatchObject({ grownFunctions: [grown], explanationError: null });
    explainer.failure = new UnavailableError('query_unavailable', 'the query API did not answer');
    expect((await explain()).explanationError).toBe('the query API did not answer');
  });
});
