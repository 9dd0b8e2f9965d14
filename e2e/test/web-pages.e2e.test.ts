import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { LabelValuesResponse, RulesResponse } from '@everflame/contract';
import { describeWithTool, requireTool, waitFor, pprofOfCollapsed } from '@everflame/testkit';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Everflame } from './support/everflame.ts';

const FOREIGN = 'evil.example';
const REBOUND = 'rebound.example';
const INTRUDER = 'intruder';
const PROFILE = pprofOfCollapsed({ stacks: ['main;work 30'] });
const RULE = {
  name: 'intruder',
  query: 'memory:inuse_space:bytes:space:bytes{}',
  windowMs: 60_000,
  minGrowth: 1,
  webhookUrl: 'http://127.0.0.1:9/',
};

/** What a page asks for; `kind` is the way in which it sends it. */
interface Attempt {
  readonly kind: 'script' | 'blind script' | 'beacon' | 'image' | 'form';
  readonly url: string;
  readonly method?: string;
  readonly type?: string;
  readonly body?: string;
}

/** Makes the attempt in the page; answers what the page gets to know. */
function attempt(page: Page, one: Attempt): Promise<string> {
  return page.evaluate(async ({ kind, url, method = 'GET', type, body }) => {
    const payload = body === undefined ? null : Uint8Array.from(atob(body), (char) => char.charCodeAt(0));
    if (kind === 'beacon') return String(navigator.sendBeacon(url, payload));
    if (kind === 'image') {
      return new Promise((resolve) => {
        const image = new Image();
        image.addEventListener('error', () => resolve('nothing'));
        image.addEventListener('load', () => resolve('an image'));
        image.src = url;
      });
    }
    if (kind === 'form') {
      const frame = document.createElement('iframe');
      frame.name = `frame-${Math.random()}`;
      const form = document.createElement('form');
      Object.assign(form, { action: url, method: 'POST', enctype: 'text/plain', target: frame.name });
      form.append(Object.assign(document.createElement('input'), { name: atob(body ?? ''), value: '' }));
      document.body.append(frame, form);
      const sent = new Promise((resolve) => frame.addEventListener('load', resolve));
      form.submit();
      await sent;
      return 'sent';
    }
    try {
      const response = await fetch(url, {
        method,
        mode: kind === 'blind script' ? 'no-cors' : 'cors',
        body: payload,
        ...(type === undefined ? {} : { headers: { 'content-type': type } }),
      });
      return `${response.status} ${await response.text()}`;
    } catch (error) {
      return String(error);
    }
  }, one);
}

describeWithTool(['redis-server', 'chromium'], 'pages of other sites', () => {
  let everflame: Everflame;
  let browser: Browser;
  let page: Page;
  let site: Server;
  let query: string;
  let ingest: string;

  const base64 = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64');
  const push = (): { url: string; method: string; body: string } => ({
    url: `${ingest}/api/v1/profiles?service_name=${INTRUDER}`,
    method: 'POST',
    body: Buffer.from(PROFILE).toString('base64'),
  });
  const refusals = async (base: string, code: string): Promise<number> => {
    const text = await (await fetch(`${base}/metrics`)).text();
    const line = new RegExp(`^everflame_http_refused_requests_total\\{code="${code}".*\\} (\\d+)$`, 'm');
    return Number(line.exec(text)?.[1] ?? 0);
  };
  const rules = async (): Promise<string[]> =>
    (await everflame.json<RulesResponse>('rules')).rules.map(({ name }) => name);
  const services = async (): Promise<readonly string[]> =>
    (await everflame.json<LabelValuesResponse>('labels/service_name/values', { query: '{}' })).values;

  beforeAll(async () => {
    everflame = await Everflame.create();
    await everflame.start();
    query = everflame.url;
    ingest = `http://127.0.0.1:${everflame.ports.INGEST_HTTP_PORT}`;
    site = createServer((_request, reply) => {
      reply.setHeader('content-type', 'text/html');
      reply.end('<!doctype html><title>Evil</title>');
    });
    site.listen(0, '127.0.0.1');
    await once(site, 'listening');
    browser = await chromium.launch({
      executablePath: requireTool('chromium') ?? '',
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-background-networking',
        '--disable-component-update',
        // Newer browsers keep pages of the internet from this machine; older ones and those told otherwise do not.
        '--disable-features=LocalNetworkAccessChecks,BlockInsecurePrivateNetworkRequests',
        `--host-resolver-rules=MAP ${FOREIGN} 127.0.0.1, MAP ${REBOUND} 127.0.0.1`,
      ],
    });
    page = await browser.newPage();
  });
  afterAll(async () => {
    await browser.close();
    site.closeAllConnections();
    site.close();
    await everflame.dispose();
  });

  it.each(['127.0.0.1', FOREIGN])('on %s push, change and read nothing', async (name) => {
    await page.goto(`http://${name}:${(site.address() as AddressInfo).port}/`);
    const before = [await refusals(ingest, 'foreign_origin'), await refusals(query, 'foreign_origin')];
    const rule = { url: `${query}/api/v1/rules`, method: 'POST', body: base64(RULE) };
    const deletion = {
      url: `${query}/api/v1/delete/preview`,
      method: 'POST',
      body: base64({ query: '{}', from: 'now-1h', to: 'now' }),
    };
    const attempts: readonly Attempt[] = [
      ...[push(), rule, deletion].flatMap((one) => [
        { kind: 'script', ...one } as const,
        { kind: 'blind script', ...one } as const,
        { kind: 'blind script', type: 'text/plain', ...one } as const,
        { kind: 'script', type: 'application/json', ...one } as const,
        { kind: 'beacon', ...one } as const,
        { kind: 'form', ...one } as const,
      ]),
      { kind: 'script', url: `${query}/api/v1/rules/heap`, method: 'DELETE' },
      { kind: 'script', url: `${query}/api/v1/labels` },
      { kind: 'image', url: `${query}/api/v1/labels` },
      { kind: 'image', url: `${ingest}/debug/pprof/heap` },
    ];
    for (const one of attempts) {
      const known = await attempt(page, one);
      expect([one, known]).toEqual([one, expect.stringMatching(/^(TypeError: .*|0 |true|nothing|sent)$/)]);
    }
    // All of them arrived: what a browser holds back itself would prove nothing.
    await waitFor(async () => (await refusals(ingest, 'foreign_origin')) >= (before[0] ?? 0) + 6, {
      what: 'the pushes to be refused',
    });
    expect(await refusals(query, 'foreign_origin')).toBeGreaterThanOrEqual((before[1] ?? 0) + 10);
    expect(await rules()).toEqual([]);
    // A profile of somebody else that was pushed later can be queried, the intruder's cannot.
    const body = PROFILE.slice();
    await fetch(`${ingest}/api/v1/profiles?service_name=neighbour`, { method: 'POST', body });
    await waitFor(async () => (await services()).includes('neighbour'), { what: 'the profile of a program' });
    expect(await services()).not.toContain(INTRUDER);
  });

  it('under a name that was made to point here get nothing but a refusal', async () => {
    for (const base of [query, ingest]) {
      const own = base.replace('127.0.0.1', REBOUND);
      // What the name pointed to when the page was loaded.
      await page.route(`${own}/loaded-before`, (route) =>
        route.fulfill({ contentType: 'text/html', body: '<!doctype html><title>Rebound</title>' }),
      );
      await page.goto(`${own}/loaded-before`);
      for (const url of ['/', '/api/v1/labels', '/api/v1/rules', '/metrics', '/debug/pprof/heap']) {
        expect(await attempt(page, { kind: 'script', url })).toMatch(/^421 .*is not a name of this service/);
      }
      const json = 'application/json';
      const changes: readonly Attempt[] = [
        { kind: 'script', url: '/api/v1/rules', method: 'POST', type: json, body: base64(RULE) },
        { kind: 'script', url: '/api/v1/delete/preview', method: 'POST', type: json, body: base64({}) },
        { kind: 'script', url: '/api/v1/rules/heap', method: 'DELETE' },
        { kind: 'script', ...push(), url: `/api/v1/profiles?service_name=${INTRUDER}` },
      ];
      for (const change of changes) {
        expect(await attempt(page, change)).toMatch(/^421 .*"misdirected_host"/);
      }
      expect((await page.goto(own))?.status()).toBe(421);
    }
    expect(await rules()).toEqual([]);
  });

  it('cannot show the dashboard in a frame', async () => {
    await page.goto(`http://${FOREIGN}:${(site.address() as AddressInfo).port}/`);
    const seen = await page.evaluate(async (url) => {
      const frame = document.createElement('iframe');
      frame.src = url;
      document.body.append(frame);
      await new Promise((resolve) => frame.addEventListener('load', resolve));
      return frame.contentDocument?.body.textContent ?? 'another site';
    }, query);
    expect(seen).toBe('another site');
    const [, frame] = page.frames();
    expect(await frame?.title()).not.toBe('Services · Everflame');
  });

  it('leave the dashboard working: a rule is made, changed with its webhook kept, and deleted', async () => {
    const problems: string[] = [];
    const own = await browser.newPage();
    own.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
    own.on('pageerror', (error) => problems.push(error.message));
    await own.goto(`${query}/alerts`);
    await own.getByTestId('new-rule').click();
    const form = own.getByTestId('rule-form');
    await form.getByLabel('Name', { exact: true }).fill('Heap grows');
    await form.getByLabel('Webhook', { exact: true }).fill('http://127.0.0.1:9/services/SECRET');
    await form.getByRole('button', { name: 'Save rule' }).click();
    await own.getByTestId('rule-row').getByText('Heap grows').waitFor();
    await own.getByRole('button', { name: 'Edit Heap grows' }).click();
    const webhook = form.getByLabel('Webhook', { exact: true });
    expect(await webhook.inputValue()).toBe('http://127.0.0.1:9/…');
    await form.getByLabel('Name', { exact: true }).fill('Heap grows more');
    await form.getByRole('button', { name: 'Save rule' }).click();
    await own.getByTestId('rule-row').getByText('Heap grows more').waitFor();
    expect(await own.content()).not.toContain('SECRET');
    await own.getByRole('button', { name: 'Delete Heap grows more' }).click();
    await own.getByRole('button', { name: 'Delete for good' }).click();
    await own.getByText('No rules yet').waitFor();
    expect(problems).toEqual([]);
  });
});
