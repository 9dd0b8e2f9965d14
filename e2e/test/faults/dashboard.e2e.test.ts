import { describeWithTool, freePort, requireTool } from '@everflame/testkit';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ServiceProcess } from '../../../bench/durability/service-process.ts';
import { DurabilityStack } from '../../../bench/durability/stack.ts';

/** The dashboard tries an answer that failed again before it says so. */
const SHOWN_TIMEOUT_MS = 60_000;

describeWithTool(['chromium'], 'the dashboard', () => {
  let stack: DurabilityStack;
  let query: ServiceProcess;
  let browser: Browser;
  let page: Page;
  let url: string;

  beforeAll(async () => {
    stack = await DurabilityStack.start();
    const ingest = await stack.ingest('schema');
    await ingest.process.start();
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    const environment = {
      QUERY_PORT: String(port),
      CLICKHOUSE_URL: `http://127.0.0.1:${stack.proxy.port}`,
      CLICKHOUSE_EMBEDDED: 'true',
      SCRAPER_URL: `http://127.0.0.1:${await freePort()}`,
      LOG_LEVEL: 'warn',
    };
    query = new ServiceProcess('services/query', environment, `${url}/readyz`);
    await query.start();
    browser = await chromium.launch({
      executablePath: requireTool('chromium') ?? '',
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-background-networking',
        '--disable-component-update',
      ],
    });
    page = await browser.newPage();
  });
  afterAll(async () => {
    await browser.close();
    await query.kill();
    await stack.dispose();
  });

  const shownError = async (): Promise<string> => {
    const error = page.getByTestId('error-state').first();
    await error.waitFor({ timeout: SHOWN_TIMEOUT_MS });
    return error.innerText();
  };

  it('says that ClickHouse is away, with its code, and recovers by Retry', async () => {
    await stack.proxy.setMode({ kind: 'refuse' });
    await page.goto(url);
    expect(await shownError()).toMatch(/ClickHouse does not answer \(.+\)[^]*storage_unavailable · HTTP 503/);
    await stack.proxy.setMode({ kind: 'pass' });
    await page.getByRole('button', { name: 'Retry' }).first().click();
    await page.getByTestId('error-state').first().waitFor({ state: 'detached', timeout: SHOWN_TIMEOUT_MS });
  });

  it('says that the scraper is away, with its code', async () => {
    await page.goto(`${url}/targets`);
    expect(await shownError()).toMatch(/The scraper does not answer\.[^]*scraper_unavailable/);
  });

  it('says that query is away, and what to check', async () => {
    await page.goto(url);
    await query.kill();
    await page.getByRole('link', { name: 'Targets' }).first().click();
    const error = await shownError();
    expect(error).toContain('The query service does not answer.');
    expect(error).toContain('Check that Everflame is running and that you are online.');
  });
});
