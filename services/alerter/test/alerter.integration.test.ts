import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Alert,
  errorBodySchema,
  type Rule,
  type RuleInput,
  type WebhookPayload,
  webhookPayloadSchema,
} from '@everflame/contract';
import type { RunningService } from '@everflame/service-kit';
import { type ClickHouse, openClickHouse } from '@everflame/storage';
import {
  describeWithTool,
  doorCases,
  type FreshDatabase,
  freshDatabase,
  outcomeOfCase,
  startTestClickHouse,
  startTestRedis,
  type TestClickHouse,
  type TestRedis,
  waitFor,
  answerSchema,
  quietLogger,
} from '@everflame/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ClickHouseRuleStore } from '../src/adapters/clickhouse-rule-store.ts';
import { createAlerter } from '../src/create-alerter.ts';
import { readConfig } from '../src/config.ts';
import { ProfileWriter } from './profile-writer.ts';
import { type Receiver, startReceiver } from './receiver.ts';
import { buildRuleInput, HEAP_TYPE, MIB } from './record-builder.ts';
import { buildTopAnswer } from './top-answer.ts';

const alertsResponseSchema = answerSchema('get', 'alerts');
const ruleSchema = answerSchema('post', 'rules');
const rulesResponseSchema = answerSchema('get', 'rules');

const FILE = `
rules:
  - name: From the file
    query: '${HEAP_TYPE}{service_name="nothing"}'
    window: 10m
    min_growth: 20MiB
    webhook_url: 'https://hooks.example/services/SECRET'
`;

describeWithTool(['redis-server'], 'the alerter on real stores', () => {
  let clickhouseServer: TestClickHouse;
  let redis: TestRedis;
  let database: FreshDatabase;
  let clickhouse: ClickHouse;
  let writer: ProfileWriter;
  let queryApi: Receiver;
  let folder: string;
  const alerters: RunningService[] = [];

  beforeAll(async () => {
    [clickhouseServer, redis, queryApi] = await Promise.all([
      startTestClickHouse(),
      startTestRedis(),
      startReceiver((reply) =>
        reply.end(
          buildTopAnswer([
            { name: 'main.rememberSession', before: 4 * MIB, after: 40 * MIB },
            { name: 'main.other', before: 4 * MIB, after: 5 * MIB },
          ]),
        ),
      ),
    ]);
    database = await freshDatabase(clickhouseServer.url);
    folder = await mkdtemp(join(tmpdir(), 'everflame-alerter-'));
    await writeFile(join(folder, 'everflame.yaml'), FILE);
    const config = readConfig({
      ALERTER_PORT: '0',
      ALERTER_ALLOWED_HOSTS: 'profiles.example.com,.internal.example',
      CLICKHOUSE_URL: clickhouseServer.url,
      CLICKHOUSE_DATABASE: database.name,
      CLICKHOUSE_EMBEDDED: 'true',
      REDIS_URL: redis.url,
      QUERY_URL: queryApi.url,
      DASHBOARD_URL: 'http://dashboard.test',
      EVERFLAME_CONFIG: join(folder, 'everflame.yaml'),
      ALERTER_QUEUE_PREFIX: database.name,
      ALERTER_WEBHOOK_TIMEOUT_MS: '2000',
    });
    // Two alerters share the work; what one is told, the other does too.
    for (let i = 0; i < 2; i++) alerters.push(await createAlerter(config, quietLogger()));
    await Promise.all(alerters.map(({ prepared }) => prepared));
    clickhouse = openClickHouse({
      url: clickhouseServer.url,
      database: database.name,
      requestTimeoutMs: 30_000,
    });
    writer = new ProfileWriter(clickhouse);
  });

  afterAll(async () => {
    for (const alerter of alerters) await alerter.close();
    await clickhouse.close();
    await queryApi.close();
    await redis.stop();
    await database.drop();
    await clickhouseServer.stop();
    await rm(folder, { recursive: true, force: true });
  });

  async function call(method: string, path: string, body?: unknown, alerter = 0): Promise<Response> {
    return fetch(`${alerters[alerter]?.url}/api/v1/${path}`, {
      method,
      ...(body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
  }

  async function codeOf(response: Response): Promise<string> {
    return errorBodySchema.parse(await response.json()).error.code;
  }

  async function createRule(input: Partial<RuleInput>): Promise<Rule> {
    const response = await call(
      'POST',
      'rules',
      buildRuleInput({ evaluateEveryMs: 1000, windowMs: 300_000, ...input }),
    );
    expect(response.status).toBe(201);
    return ruleSchema.parse(await response.json());
  }

  async function listRules(alerter = 0): Promise<Rule[]> {
    return rulesResponseSchema.parse(await (await call('GET', 'rules', undefined, alerter)).json()).rules;
  }

  async function alertsOf(rule: Rule): Promise<Alert[]> {
    const { alerts } = alertsResponseSchema.parse(await (await call('GET', 'alerts')).json());
    return alerts.filter((alert) => alert.ruleId === rule.id);
  }

  function payloadsOf(receiver: Receiver): WebhookPayload[] {
    return receiver.received.map(({ body }) => webhookPayloadSchema.parse(JSON.parse(body)));
  }

  /** The last minute of a process that leaks from 12 MiB to 41 MiB, a profile every 2 s. */
  function leak(nowMs: number): [number, number][] {
    // Far apart, so that a machine that is busy for half a minute does not make the series look ended.
    return Array.from({ length: 15 }, (_, i) => [nowMs - 290_000 + i * 20_000, (12 + 2 * i) * MIB]);
  }

  /** What `rule` evaluations have come to since `since`. */
  function waitForEvaluation(rule: Rule, since: number): Promise<Rule | undefined> {
    return waitFor(
      async () => (await listRules()).find((one) => one.id === rule.id && (one.lastEvaluatedAt ?? 0) > since),
      { what: `an evaluation of ${rule.name}` },
    );
  }

  describe('the rules API', () => {
    it('makes, changes and deletes a rule, and each alerter knows', async () => {
      const made = await createRule({ name: 'Made' });
      expect(made).toMatchObject({ name: 'Made', source: 'api', lastError: null });
      expect((await listRules(1)).map((rule) => rule.name)).toEqual(['From the file', 'Made']);
      const changed = await call('PUT', `rules/${made.id}`, buildRuleInput({ name: 'Changed' }), 1);
      expect([changed.status, ruleSchema.parse(await changed.json()).name]).toEqual([200, 'Changed']);
      expect((await call('DELETE', `rules/${made.id}`)).status).toBe(204);
      expect((await listRules(1)).map((rule) => rule.name)).toEqual(['From the file']);
    });

    it('refuses what cannot be a rule, and says why', async () => {
      const cpu = buildRuleInput({ query: 'process_cpu:cpu:nanoseconds:cpu:nanoseconds' });
      const notAGauge = await call('POST', 'rules', cpu);
      expect([notAGauge.status, await codeOf(notAGauge)]).toEqual([400, 'not_a_gauge']);
      const malformed = await call('POST', 'rules', { name: 'x' });
      expect([malformed.status, await codeOf(malformed)]).toEqual([400, 'invalid_argument']);
      const script = await call('POST', 'rules', { ...buildRuleInput(), webhookUrl: 'file:///etc/hosts' });
      expect(script.status).toBe(400);
    });

    it('does not touch rules of the file, nor rules it does not know', async () => {
      const [fileRule] = await listRules();
      const readOnly = await call('PUT', `rules/${fileRule?.id}`, buildRuleInput());
      expect([readOnly.status, await codeOf(readOnly)]).toEqual([409, 'rule_is_read_only']);
      const unknown = await call('DELETE', 'rules/nope');
      expect([unknown.status, await codeOf(unknown)]).toEqual([404, 'unknown_rule']);
    });

    it('shows no more of a webhook than its host, and keeps all of it', async () => {
      const secret = { webhookUrl: 'https://bot:SECRET@hooks.example/SECRET?key=SECRET' };
      const made = await createRule({ name: 'Secret', ...secret });
      const changed = await call('PUT', `rules/${made.id}`, {
        ...buildRuleInput({ name: 'Kept' }),
        webhookUrl: made.webhookUrl,
      });
      const texts = [JSON.stringify(made), await changed.text()];
      for (const path of ['rules', 'alerts']) texts.push(await (await call('GET', path)).text());
      expect(texts.join('\n')).not.toContain('SECRET');
      expect((await listRules()).map(({ webhookUrl }) => webhookUrl)).toEqual(
        Array(2).fill('https://hooks.example/…'),
      );
      const [stored] = (await new ClickHouseRuleStore(clickhouse, 'default').list()).filter(
        ({ id }) => id === made.id,
      );
      expect(stored).toMatchObject({ name: 'Kept', ...secret });
      await call('DELETE', `rules/${made.id}`);
    });

    it('shows that a rule is evaluated', async () => {
      const rule = await createRule({ name: 'Evaluated' });
      expect((await waitForEvaluation(rule, 0))?.lastError).toBeNull();
      await call('DELETE', `rules/${rule.id}`);
    });
  });

  describe('a leak', () => {
    it('fires once with the right facts, and resolves once after a restart', async () => {
      const webhook = await startReceiver();
      const before = Date.now();
      await writer.write({ service_name: 'shop', instance: 'a', env: 'prod' }, leak(before));
      const rule = await createRule({ name: 'Shop leaks', webhookUrl: `${webhook.url}/hook` });
      const [firing] = await waitFor(() => webhook.received.length > 0 && payloadsOf(webhook), {
        what: 'the firing notification',
      });
      expect(firing).toMatchObject({
        status: 'firing',
        commonLabels: { alertname: 'Shop leaks', service_name: 'shop' },
        everflame: { state: 'firing', ruleId: rule.id, type: HEAP_TYPE, unit: 'bytes', valueNow: 40 * MIB },
      });
      expect(firing?.everflame.grownFunctions[0]).toMatchObject({ name: 'main.rememberSession' });
      expect(firing?.commonAnnotations['summary']).toMatch(
        /^shop: memory:inuse_space grew by 2\d\.\d MiB in \d+ min \(from 1\d\.\d MiB\), since .* UTC; grew most: main\.rememberSession \(\+36\.0 MiB\)$/,
      );
      expect(firing?.commonAnnotations['diff_url']).toMatch(
        /^http:\/\/dashboard\.test\/compare\?left_query=/,
      );
      expect(firing?.everflame.since).toBeGreaterThan(before - 291_000);
      expect(firing?.everflame.since).toBeLessThan(before - 200_000);

      await writer.write({ service_name: 'shop', instance: 'a', env: 'prod' }, [
        [Date.now() - 500, 10 * MIB],
      ]);
      const [, resolved] = await waitFor(() => webhook.received.length > 1 && payloadsOf(webhook), {
        what: 'the resolved notification',
      });
      expect(resolved).toMatchObject({
        status: 'resolved',
        everflame: { state: 'resolved', valueNow: 10 * MIB },
      });
      const evaluatedAt = (await listRules()).find((one) => one.id === rule.id)?.lastEvaluatedAt ?? 0;
      await waitForEvaluation(rule, evaluatedAt);
      expect((await alertsOf(rule)).map((alert) => alert.state)).toEqual(['resolved']);
      expect(payloadsOf(webhook).map((payload) => payload.status)).toEqual(['firing', 'resolved']);
      await call('DELETE', `rules/${rule.id}`);
      await webhook.close();
    });

    it('is told to a receiver that fails at first', async () => {
      const webhook = await startReceiver((reply) => reply.writeHead(503).end('starting'));
      await writer.write({ service_name: 'late', instance: 'a', env: 'prod' }, leak(Date.now()));
      const rule = await createRule({
        name: 'Late receiver',
        query: `${HEAP_TYPE}{service_name="late"}`,
        webhookUrl: webhook.url,
      });
      const failed = await waitFor(
        async () => (await alertsOf(rule)).find((one) => one.lastNotificationError),
        {
          what: 'the failure to show',
        },
      );
      expect(failed.lastNotificationError).toContain('The webhook answered with status 503: starting.');
      webhook.answer = (reply) => reply.end();
      const delivered = await waitFor(
        async () => (await alertsOf(rule)).find((one) => one.lastNotificationError === null),
        { what: 'the delivery' },
      );
      expect(delivered.state).toBe('firing');
      expect(payloadsOf(webhook).every((payload) => payload.status === 'firing')).toBe(true);
      await call('DELETE', `rules/${rule.id}`);
      await waitFor(() => payloadsOf(webhook).at(-1)?.status === 'resolved', { what: 'the end to be told' });
      await webhook.close();
    });
  });

  describe('the alerter', () => {
    it('has a door that is closed to web pages and rebound names', async () => {
      const port = Number(new URL(alerters[0]?.url ?? '').port);
      for (const [name, lines, outcome] of doorCases({ method: 'POST', path: '/api/v1/rules' })) {
        expect([name, await outcomeOfCase(port, lines(port))]).toEqual([name, outcome]);
      }
    });

    it('is ready and counts what it does', async () => {
      expect((await fetch(`${alerters[0]?.url}/readyz`)).status).toBe(200);
      // Two tests before this one had a firing and a resolved notification delivered each.
      const metrics = await waitFor(
        async () => {
          const texts = await Promise.all(
            alerters.map(async ({ url }) => (await fetch(`${url}/metrics`)).text()),
          );
          const sent = texts
            .join('\n')
            .matchAll(/everflame_alerter_notifications_total\{outcome="sent"[^}]*\} (\d+)/g);
          const sum = [...sent].reduce((total, [, count]) => total + Number(count), 0);
          expect(sum).toBe(4);
          return texts.join('\n');
        },
        { what: 'four notifications to be counted', timeoutMs: 5000 },
      );
      expect(metrics).toMatch(/everflame_alerter_evaluations_total\{outcome="ok"/);
    });
  });
});
