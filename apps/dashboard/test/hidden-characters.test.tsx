// @vitest-environment happy-dom
import { cleanup, fireEvent, screen, waitFor, within } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import { FixtureApi } from './support/fixture-api.ts';
import { ALERTS, RULES, TARGETS } from './support/fixture-bodies.ts';
import { renderApp } from './support/render-app.tsx';

/** Turns what follows around, ends the line, is not seen, and is half a character. */
const EVIL = 'a\u202egnp\u2066\u0085\u200bz';
const SHOWN = 'a\\u202egnp\\u2066\\u0085\\u200bz';
const HIDDEN = /[\p{Cc}\p{Cf}]/u;

/** Everything that a person is shown or told. */
function shownTexts(): string[] {
  const texts = [document.title];
  for (const element of document.body.querySelectorAll('*')) {
    for (const name of ['title', 'aria-label', 'label', 'placeholder']) {
      texts.push(...(element.getAttribute(name) ?? '').split('\n'));
    }
    for (const node of element.childNodes) {
      if (node.nodeType === Node.TEXT_NODE) texts.push(node.textContent ?? '');
    }
  }
  return texts;
}

function expectAllVisible(): void {
  const texts = shownTexts();
  expect(texts.filter((text) => HIDDEN.test(text))).toEqual([]);
  expect(texts.some((text) => text.includes(SHOWN))).toBe(true);
}

const evilPath = (path: string): string => `${path}/${encodeURIComponent(EVIL)}`;

describe('characters that cannot be seen', () => {
  it('are shown escaped on the page of a service: canvas, table, breadcrumb, tooltip, filters', async () => {
    const lines = [`main;${EVIL}@/src/${EVIL}.go;leaf${EVIL} 60`, 'main;other 20'];
    const filter = encodeURIComponent(`version="${EVIL}"`);
    const zoom = encodeURIComponent(JSON.stringify(['main', EVIL]));
    renderApp(`${evilPath('/services')}?filter=${filter}&zoom=${zoom}&by=${EVIL}`, new FixtureApi({ lines }));
    const host = await screen.findByTestId('flamegraph');
    await waitFor(() => expect(Number(host.dataset['drawn'])).toBeGreaterThan(0));
    await within(await screen.findByTestId('top-table')).findAllByText(SHOWN);
    const boxes = window.__everflame?.flamegraph?.boxes() ?? [];
    expect(boxes.map(({ name }) => name)).toContain(SHOWN);
    expect(screen.getByRole('heading', { level: 1 }).textContent).toBe(SHOWN);
    expect(screen.getByTestId('filter-chip').textContent).toContain(SHOWN);
    const box = boxes.find(({ name }) => name === SHOWN)!;
    fireEvent.pointerMove(host.querySelector('.flame-scroller')!, { clientX: box.x + 5, clientY: box.y + 5 });
    expectAllVisible();
  });

  it('are shown escaped among targets, alerts, rules and comparisons', async () => {
    const alert = {
      ...ALERTS[0]!,
      ruleName: EVIL,
      labels: { [EVIL]: EVIL },
      lastNotificationError: EVIL,
      grownFunctions: [{ name: EVIL, file: EVIL, before: 1, after: 2 }],
    };
    const api = new FixtureApi({
      alerts: [alert],
      targets: [{ ...TARGETS[0]!, labels: { service_name: EVIL, [EVIL]: EVIL }, pool: EVIL, url: EVIL }],
      diffLines: [`main;${EVIL}@${EVIL} 1 5`],
    });
    api.rules = [{ ...RULES[0]!, name: EVIL, query: EVIL, groupBy: [EVIL] }];
    for (const [path, testId] of [
      ['/targets', 'target-row'],
      ['/alerts', 'rule-row'],
    ] as const) {
      renderApp(path, api);
      await screen.findAllByTestId(testId);
      expectAllVisible();
      cleanup();
    }
    const query = encodeURIComponent(`process_cpu:cpu:nanoseconds:cpu:nanoseconds{service_name="${EVIL}"}`);
    renderApp(`/compare?left_query=${query}&right_query=${query}`, api);
    await waitFor(() => expect(screen.getAllByText(SHOWN).length).toBeGreaterThan(1));
    expectAllVisible();
  });

  it('are shown escaped in what an error says', async () => {
    const api = new FixtureApi();
    api.fail('/services', { status: 400, code: 'invalid_selector', hint: `About ${EVIL}.` });
    renderApp('/', api);
    expect((await screen.findByTestId('error-state')).textContent).toContain(SHOWN);
    expectAllVisible();
  });
});
