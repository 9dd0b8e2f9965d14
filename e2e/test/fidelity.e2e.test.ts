import { createHash } from 'node:crypto';
import type { TopResponse } from '@everflame/contract';
import type { PushRequest } from '@everflame/contract/grpc';
import { describeWithTool, readTestdata } from '@everflame/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Everflame } from './support/everflame.ts';
import { labelsOf, pushAll } from './support/push.ts';

interface ExpectedType {
  readonly type: string;
  readonly unit: string;
  readonly total: number;
  readonly stacks: number;
  readonly collapsedSha256: string;
  readonly functions: number;
  /** Null for a profile without samples. */
  readonly top: readonly { name: string; flat: number; cum: number }[] | null;
}

/** One line of testdata/expected/pprof.jsonl: files merged, minus the base where there is one. */
interface Expectation {
  readonly files: readonly string[];
  readonly base?: readonly string[];
  readonly periodType: string;
  readonly sampleTypes: readonly ExpectedType[];
}

const expectations = readTestdata('expected/pprof.jsonl')
  .toString('utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Expectation);

const PROFILE_NAME = 'corpus';
const TIME_MS = Date.now() - 600_000;

function pushesOf(service: string, files: readonly string[]): PushRequest[] {
  return files.map((file, index) => ({
    id: `${service}/${file}`,
    labels: labelsOf({ service_name: service, instance: `instance-${index}` }),
    profileName: PROFILE_NAME,
    pprof: readTestdata(`corpus/${file}`),
    timeUnixMs: TIME_MS + index,
  }));
}

function queryOf(service: string, expectation: Expectation, sampleType: ExpectedType): string {
  const [periodType = '', periodUnit = ''] = expectation.periodType.split('/');
  const type = [PROFILE_NAME, sampleType.type, sampleType.unit, periodType, periodUnit].join(':');
  return `${type}{service_name="${service}"}`;
}

/**
 * Total, distinct stacks and hash of folded text, as the expectations give them: they hash a lone line end where there
 * is no stack at all.
 */
function summaryOf(collapsed: string): { total: number; stacks: number; collapsedSha256: string } {
  const lines = collapsed === '' ? [] : collapsed.trimEnd().split('\n');
  return {
    total: lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0),
    stacks: lines.length,
    collapsedSha256: createHash('sha256')
      .update(collapsed || '\n')
      .digest('hex'),
  };
}

/** `stack left right` -> `stack right-left`, without zero lines: what subtracting the base gives. */
function differences(collapsedDiff: string): string {
  const lines = collapsedDiff
    .trimEnd()
    .split('\n')
    .flatMap((line) => {
      const [, stack = '', left = '0', right = '0'] = /^(.*) (-?\d+) (-?\d+)$/s.exec(line) ?? [];
      const difference = Number(right) - Number(left);
      return difference === 0 ? [] : [Buffer.from(`${stack} ${difference}\n`)];
    });
  return Buffer.concat(lines.toSorted((a, b) => Buffer.compare(a, b))).toString('utf8');
}

const range = { from: String(TIME_MS - 1000), to: String(TIME_MS + 60_000), aggregate: 'sum' };

describeWithTool(['redis-server'], 'every profile of the corpus, pushed and read back', () => {
  let everflame: Everflame;

  beforeAll(async () => {
    everflame = await Everflame.create();
    await everflame.start();
    const requests = expectations.flatMap((expectation, index) => [
      ...pushesOf(`corpus-${index}`, expectation.files),
      ...pushesOf(`corpus-${index}-base`, expectation.base ?? []),
    ]);
    const answers = await pushAll(everflame.ingestAddress, requests);
    const refused = [...answers.values()].filter((answer) => answer.error != null);
    expect(refused).toEqual([]);
    expect(answers.size).toBe(requests.length);
    await everflame.settled();
  });
  afterAll(() => everflame.dispose());

  const cases = expectations.map((expectation, index) => ({
    expectation,
    service: `corpus-${index}`,
    title: `${expectation.files.join(' + ')}${expectation.base ? ` - ${expectation.base.join(' - ')}` : ''}`,
  }));

  it.each(cases.filter(({ expectation }) => expectation.base === undefined))(
    '$title has the totals, stacks and top functions that pprof computes',
    async ({ expectation, service }) => {
      for (const sampleType of expectation.sampleTypes) {
        const query = queryOf(service, expectation, sampleType);
        const collapsed = await everflame.text('flamegraph', { query, ...range, format: 'collapsed' });
        const { total, stacks, collapsedSha256 } = sampleType;
        expect(summaryOf(collapsed)).toEqual({ total, stacks, collapsedSha256 });
        const top = await everflame.json<TopResponse>('top', { query, ...range, limit: '100000' });
        const byName = new Map(top.functions.map((fn) => [fn.name, fn]));
        for (const { name, flat, cum } of sampleType.top ?? []) {
          expect({ name, flat: byName.get(name)?.self, cum: byName.get(name)?.total }).toEqual({
            name,
            flat,
            cum,
          });
        }
      }
    },
  );

  it.each(cases.filter(({ expectation }) => expectation.base !== undefined))(
    '$title has the differences that pprof computes',
    async ({ expectation, service }) => {
      for (const sampleType of expectation.sampleTypes) {
        const collapsed = await everflame.text('flamegraph/diff', {
          left_query: queryOf(`${service}-base`, expectation, sampleType),
          left_from: range.from,
          left_to: range.to,
          right_query: queryOf(service, expectation, sampleType),
          right_from: range.from,
          right_to: range.to,
          aggregate: 'sum',
          format: 'collapsed',
        });
        const { total, stacks, collapsedSha256 } = sampleType;
        expect(summaryOf(differences(collapsed))).toEqual({ total, stacks, collapsedSha256 });
      }
    },
  );
});
