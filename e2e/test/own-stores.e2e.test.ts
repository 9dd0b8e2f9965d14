import { once } from 'node:events';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { describeWithTool, requireTool } from '@everflame/testkit';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Everflame } from './support/everflame.ts';

const REBOUND = 'rebound.example';

interface Secrets {
  readonly clickhouse: string;
  readonly redis: string;
}

describeWithTool(['redis-server', 'chromium'], 'the stores of a running Everflame', () => {
  let everflame: Everflame;
  let browser: Browser;
  let site: Server;
  let page: Page;
  let secrets: Secrets;
  let clickhouse: string;
  const sent: string[] = [];
  const statuses: number[] = [];

  beforeAll(async () => {
    everflame = await Everflame.create();
    await everflame.start();
    secrets = JSON.parse(readFileSync(join(everflame.dataDir, 'secrets.json'), 'utf8')) as Secrets;
    clickhouse = `127.0.0.1:${everflame.ports.CLICKHOUSE_EMBEDDED_PORT}`;
    site = createServer((_request, response) => {
      response.setHeader('Content-Type', 'text/html').end('<!doctype html><title>another site</title>');
    });
    await new Promise<void>((done) => void site.listen(0, '127.0.0.1', done));
    browser = await chromium.launch({
      executablePath: requireTool('chromium') ?? '',
      args: ['--no-sandbox', '--disable-gpu', `--host-resolver-rules=MAP ${REBOUND} 127.0.0.1`],
    });
    page = await browser.newPage();
    const isOurs = (url: string): boolean =>
      new URL(url).port === String(everflame.ports.CLICKHOUSE_EMBEDDED_PORT);
    page.on('request', (request) => {
      if (isOurs(request.url())) sent.push(request.method());
    });
    page.on('response', (response) => {
      if (isOurs(response.url())) statuses.push(response.status());
    });
  });
  afterAll(async () => {
    await browser.close();
    site.close();
    await everflame.dispose();
  });

  const create = (name: string): string => `CREATE TABLE default.${name} (a Int8) ENGINE = Memory`;

  async function ask(
    sql: string,
    headers: Record<string, string>,
  ): Promise<{ status: number; text: string }> {
    const response = await fetch(`http://${clickhouse}/`, { method: 'POST', body: sql, headers });
    return { status: response.status, text: await response.text() };
  }

  const asOwner = (sql: string) => ask(sql, { 'X-ClickHouse-Key': secrets.clickhouse });

  async function expectNoTables(): Promise<void> {
    expect(await asOwner('SHOW TABLES FROM default')).toEqual({ status: 200, text: '' });
  }

  it('take no statement from a page of another site: not by fetch, not by an image, not by a form', async () => {
    await page.goto(`http://127.0.0.1:${(site.address() as AddressInfo).port}/`);
    await page.evaluate(
      async ([url, byFetch, byImage]) => {
        await fetch(url, { method: 'POST', mode: 'no-cors', body: byFetch }).catch(() => undefined);
        const image = new Image();
        const over = new Promise<void>((done) => {
          image.addEventListener('error', () => done());
          image.addEventListener('load', () => done());
        });
        image.src = `${url}?query=${encodeURIComponent(byImage)}`;
        await over;
      },
      [`http://${clickhouse}/`, create('by_fetch'), create('by_image')] as const,
    );
    // Until the refusal is shown: a navigation under way would take the place of the next one.
    await Promise.all([
      page.waitForURL(`http://${clickhouse}/**`),
      page.evaluate(
        ([url, sql]) => {
          const form = document.createElement('form');
          form.method = 'POST';
          form.action = `${url}?query=${encodeURIComponent(sql)}`;
          document.body.append(form);
          form.submit();
        },
        [`http://${clickhouse}/`, create('by_form')] as const,
      ),
    ]);
    expect(sent).toEqual(['POST', 'GET', 'POST']);
    // A browser keeps to itself what an image of another site answered.
    expect(new Set(statuses)).toEqual(new Set([403]));
    await expectNoTables();
  });

  it('take none from a page whose name was bound to this machine, even with the password', async () => {
    const url = `http://${REBOUND}:${everflame.ports.CLICKHOUSE_EMBEDDED_PORT}/`;
    const shown = await page.goto(`${url}ping`);
    expect(shown?.status()).toBe(421);
    const status = await page.evaluate(
      async ([at, sql, key]) =>
        (await fetch(at, { method: 'POST', body: sql, headers: { 'X-ClickHouse-Key': key } })).status,
      [url, create('by_name'), secrets.clickhouse] as const,
    );
    expect(status).toBe(421);
    await expectNoTables();
  });

  it('take none from a user of this machine who has no password', async () => {
    for (const key of ['', 'x', secrets.redis]) {
      const answer = await ask(create('by_user'), { 'X-ClickHouse-Key': key });
      expect(answer).toMatchObject({ status: 403, text: expect.stringContaining('Code: 516.') as string });
    }
    await expectNoTables();
    const redis = connect(everflame.ports.EVERFLAME_REDIS_PORT, '127.0.0.1');
    redis.end('KEYS *\r\n');
    const [reply] = (await once(redis, 'data')) as [Buffer];
    expect(reply.toString()).toMatch(/^-NOAUTH /);
  });

  it('take it from their owner, and give nothing from outside the data folder', async () => {
    expect(await asOwner(create('by_owner'))).toMatchObject({ status: 200 });
    expect(await asOwner('SHOW TABLES FROM default')).toMatchObject({ text: 'by_owner\n' });
    expect(await asOwner("SELECT * FROM file('/etc/passwd', LineAsString)")).toMatchObject({ status: 403 });
    expect(await asOwner('SELECT count() > 0 FROM everflame.series')).toMatchObject({ status: 200 });
  });

  it('show their passwords nowhere but in one file and in the processes that need them', async () => {
    expect(statSync(join(everflame.dataDir, 'secrets.json')).mode & 0o777).toBe(0o600);
    const texts = [everflame.output];
    const logs = join(everflame.dataDir, 'logs');
    for (const name of readdirSync(logs)) texts.push(readFileSync(join(logs, name), 'utf8'));
    for (const pid of everflame.processes()) texts.push(readFileSync(`/proc/${pid}/cmdline`, 'utf8'));
    const { QUERY_PORT, INGEST_HTTP_PORT, SCRAPER_PORT, ALERTER_PORT } = everflame.ports;
    for (const port of [QUERY_PORT, INGEST_HTTP_PORT, SCRAPER_PORT, ALERTER_PORT]) {
      for (const path of ['metrics', 'readyz'])
        texts.push(await (await fetch(`http://127.0.0.1:${port}/${path}`)).text());
    }
    for (const secret of Object.values(secrets) as string[]) {
      expect(texts.filter((text) => text.includes(secret))).toEqual([]);
    }
    const holders = everflame
      .processes()
      .filter((pid) => readFileSync(`/proc/${pid}/environ`, 'utf8').includes(secrets.clickhouse))
      .map(
        (pid) => /(services|packages)\/([\w-]+)\//.exec(readFileSync(`/proc/${pid}/cmdline`, 'utf8'))?.[2],
      );
    expect(new Set(holders)).toEqual(new Set(['alerter', 'embedded-clickhouse', 'ingest', 'query']));
  });
});
