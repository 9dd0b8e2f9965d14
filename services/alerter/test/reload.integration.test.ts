import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeWithTool, waitFor } from '@everflame/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type AlerterWithStores, startAlerterWithStores } from './support/alerter-with-stores.ts';

const HEAP = 'memory:inuse_space:bytes:space:bytes';
const CPU = 'process_cpu:cpu:nanoseconds:cpu:nanoseconds';

function fileOf(rule: string, query: string, receiver: string): string {
  return `rules:
  - { name: ${rule}, query: '${query}{}', min_growth: 20MiB }
receivers:
  - { name: ${receiver}, webhook: { url: 'https://hooks.example/1' } }
`;
}

describeWithTool(['redis-server'], 'an alerter whose everflame.yaml changes', () => {
  let stores: AlerterWithStores;
  let folder: string;
  let path: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'everflame-reload-'));
    path = join(folder, 'everflame.yaml');
    await writeFile(path, fileOf('first', HEAP, 'ann'));
    // Schedules follow a changed file at once, not at the next minute.
    stores = await startAlerterWithStores({ EVERFLAME_CONFIG: path, ALERTER_RECONCILE_EVERY_MS: '60000' });
  });
  afterAll(async () => {
    await stores.stop();
    await rm(folder, { recursive: true, force: true });
  });

  async function inEffect(): Promise<string[]> {
    const [rules, receivers] = await Promise.all(
      (['rules', 'receivers'] as const).map(async (path) => {
        const answer = (await (await stores.call('GET', path)).json()) as Record<string, { name: string }[]>;
        return answer[path]?.map(({ name }) => name) ?? [];
      }),
    );
    return [...(rules ?? []), ...(receivers ?? [])];
  }

  async function remark(): Promise<string | undefined> {
    const answer = await fetch(`${stores.alerter.url}/readyz`);
    const { checks } = (await answer.json()) as { checks: Record<string, string> };
    return answer.ok ? checks['config'] : undefined;
  }

  it('takes up its rules and receivers, and evaluates them', async () => {
    expect(await inEffect()).toEqual(['first', 'ann']);
    await writeFile(path, fileOf('second', HEAP, 'bob'));
    await waitFor(async () => (await inEffect()).join() === 'second,bob', { what: 'the second rule' });
    const evaluated = await waitFor(
      async () => {
        const { rules } = (await (await stores.call('GET', 'rules')).json()) as {
          rules: { name: string; lastEvaluatedAt: number | null }[];
        };
        return rules.find(({ lastEvaluatedAt }) => lastEvaluatedAt !== null);
      },
      { what: 'an evaluation of the second rule' },
    );
    expect(evaluated.name).toBe('second');
  });

  it.each([
    ['no YAML of rules', 'rules: 7', 'rules: Invalid'],
    ['a rule that cannot be evaluated', fileOf('third', CPU, 'carl'), 'The rule "third" of everflame.yaml'],
  ])('keeps what was there before for %s, and says so', async (_, text, problem) => {
    const before = await inEffect();
    await writeFile(path, text);
    await waitFor(async () => (await remark())?.includes(problem), { what: `the remark ${problem}` });
    expect(await inEffect()).toEqual(before);
  });
});
