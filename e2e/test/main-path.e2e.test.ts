import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { FlamegraphResponse } from '@everflame/contract';
import { describeWithTool, requireTool, waitFor } from '@everflame/testkit';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Everflame, ROOT } from './support/everflame.ts';

interface DrawnBox {
  readonly name: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

const SERVICE = 'everflame-ingest';
const QUERY = `process_cpu:cpu:nanoseconds:cpu:nanoseconds{service_name="${SERVICE}"}`;
const ARTIFACTS = join(ROOT, 'artifacts');
/** More than it takes until the first CPU profile is there. */
const BUSY_MS = 120_000;

/** Ingest has next to nothing to do here, and a profile of nothing has nothing to click on. */
async function keepBusy({ ports }: Everflame, signal: AbortSignal): Promise<void> {
  for (const until = Date.now() + BUSY_MS; Date.now() < until && !signal.aborted;) {
    await (await fetch(`http://127.0.0.1:${ports.INGEST_HTTP_PORT}/metrics`)).text();
  }
}

describeWithTool(['redis-server', 'chromium'], 'the main path', () => {
  let everflame: Everflame;
  let browser: Browser;
  let page: Page;
  const consoleErrors: string[] = [];
  const idle = new AbortController();
  let work: Promise<void>;

  const boxes = (): Promise<DrawnBox[]> =>
    page.evaluate(() => {
      const global = window as unknown as { __everflame?: { flamegraph?: { boxes(): DrawnBox[] } } };
      return global.__everflame?.flamegraph?.boxes() ?? [];
    });

  beforeAll(async () => {
    mkdirSync(ARTIFACTS, { recursive: true });
    everflame = await Everflame.create();
    await everflame.start();
    work = keepBusy(everflame, idle.signal);
    browser = await chromium.launch({
      executablePath: requireTool('chromium') ?? '',
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-background-networking',
        '--disable-component-update',
      ],
    });
    page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    page.on('console', (message) => {
      if (message.type() === 'error') consoleErrors.push(message.text());
    });
    page.on('pageerror', (error) => consoleErrors.push(error.message));
  });
  afterAll(async () => {
    idle.abort();
    await work;
    await browser.close();
    await everflame.dispose();
  });

  it('the first flame graphs appear by themselves within 60 s of ready', async () => {
    await page.goto(everflame.url);
    await page.getByTestId('service-row').filter({ hasText: SERVICE }).first().waitFor({ timeout: 60_000 });
  });

  it('a service opens with its CPU flame graph, drawn from what the API answers', async () => {
    await waitFor(
      async () => {
        const answer = await everflame.json<FlamegraphResponse>('flamegraph', { query: QUERY });
        return answer.left.profiles > 0;
      },
      { timeoutMs: 60_000, what: 'the first CPU profile of ingest' },
    );
    idle.abort();
    await work;
    await page
      .getByTestId('service-row')
      .filter({ hasText: SERVICE })
      .first()
      .getByRole('link')
      .first()
      .click();
    const graph = page.getByTestId('flamegraph');
    await graph.waitFor({ timeout: 30_000 });
    await waitFor(async () => Number(await graph.getAttribute('data-nodes')) > 5, {
      what: 'the flame graph to be drawn',
    });
    const [drawn, answer] = await Promise.all([
      boxes(),
      everflame.json<FlamegraphResponse>('flamegraph', {
        query: QUERY,
        from: 'now-1h',
      }),
    ]);
    const names = new Set(answer.tree.names);
    const labelled = drawn.filter((box) => box.name !== '' && box.name !== 'total');
    expect(labelled.length).toBeGreaterThan(3);
    expect(labelled.filter((box) => !names.has(box.name))).toEqual([]);
    await page.screenshot({ path: join(ARTIFACTS, 'flamegraph.png') });
  });

  it('a click zooms, and reset brings everything back', async () => {
    const graph = page.getByTestId('flamegraph');
    await graph.scrollIntoViewIfNeeded();
    const before = await boxes();
    const widest = Math.max(...before.map((box) => box.width));
    const target = before
      .filter((box) => box.width < widest * 0.9 && box.width > 40)
      .toSorted((a, b) => b.width - a.width)[0];
    if (target === undefined) throw new Error('No box to click on.');
    const canvas = await graph.locator('canvas').first().boundingBox();
    if (canvas === null) throw new Error('The canvas is not visible.');
    await page.mouse.click(canvas.x + target.x + target.width / 2, canvas.y + target.y + target.height / 2);
    await waitFor(async () => ((await graph.getAttribute('data-zoom')) ?? '').includes(target.name), {
      what: 'the flame graph to zoom',
    });
    const zoomed = (await boxes()).find((box) => box.name === target.name);
    expect(zoomed?.width ?? 0).toBeGreaterThan(target.width * 1.1);
    await page.getByTestId('reset-zoom').click();
    await waitFor(async () => ((await graph.getAttribute('data-zoom')) ?? '') === '', {
      what: 'the zoom to be reset',
    });
  });

  it('search highlights what matches', async () => {
    const graph = page.getByTestId('flamegraph');
    const name =
      (await boxes()).find((box) => box.width > 20 && box.name !== 'total' && /^\w{4,}$/.test(box.name))
        ?.name ?? '';
    await page.getByTestId('search-input').fill(name);
    await waitFor(async () => Number(await graph.getAttribute('data-matches')) > 0, { what: 'matches' });
    expect(await page.getByTestId('search-summary').textContent()).toMatch(/%/);
    await page.screenshot({ path: join(ARTIFACTS, 'search.png') });
  });

  it('no page logs an error', () => {
    expect(consoleErrors).toEqual([]);
  });
});
