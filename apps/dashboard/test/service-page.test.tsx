// @vitest-environment happy-dom
import { act, cleanup, fireEvent, screen, waitFor, within } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import { buildCallTree } from '@everflame/testkit';
import { parsePath } from '../src/features/flamegraph/workspace/workspace-state.ts';
import { FixtureApi } from './support/fixture-api.ts';
import { renderApp } from './support/render-app.tsx';
import { SHOP_DIFF, stacksOf } from './support/stacks.ts';

const AFTER = SHOP_DIFF.map((line) => line.replace(/ \d+ (\d+)$/, ' $1'));

/** The host of the flame graph once it has drawn. */
async function drawnGraph(testId = 'flamegraph'): Promise<HTMLElement> {
  const host = await screen.findByTestId(testId);
  await waitFor(() => expect(Number(host.dataset['drawn'])).toBeGreaterThan(0));
  return host;
}

/** Clicks the middle of the box with this name, as a pointer would. */
function clickBox(host: HTMLElement, name: string): void {
  const box = window.__everflame?.flamegraph?.boxes().find((candidate) => candidate.name === name);
  if (!box) throw new Error(`no box is labelled ${name}`);
  const scroller = host.querySelector('.flame-scroller')!;
  fireEvent.click(scroller, { clientX: box.x + box.width / 2, clientY: box.y + box.height / 2 });
}

function standInName(): string {
  const name = window.__everflame?.flamegraph?.boxes().find((box) => box.name.startsWith('(+'))?.name;
  if (name === undefined) throw new Error('no stand-in has a label');
  return name;
}

describe('service page', () => {
  it.each(['binary', 'json'] as const)('draws the tree that the API sends as %s', async (format) => {
    renderApp('/services/checkout', new FixtureApi({ format }));
    const host = await drawnGraph();
    const tree = buildCallTree(stacksOf(AFTER));
    expect(host.dataset['nodes']).toBe(String(tree.count));
    expect(Number(host.dataset['total'])).toBe((tree.total[0] ?? 0) * 1e9);
    expect(host.dataset['zoom']).toBe('');
    const names = window.__everflame?.flamegraph?.boxes().map((box) => box.name);
    expect(names).toContain('encoding/json.Marshal');
  });

  it('opens with CPU and asks for another type when one is chosen', async () => {
    const api = new FixtureApi();
    const router = renderApp('/services/checkout', api);
    await drawnGraph();
    const select = screen.getByTestId<HTMLSelectElement>('profile-type-select');
    expect(select.value).toBe('process_cpu:cpu:nanoseconds:cpu:nanoseconds');
    fireEvent.change(select, { target: { value: 'memory:inuse_space:bytes:space:bytes' } });
    await waitFor(() =>
      expect(api.asked('/flamegraph').at(-1)?.searchParams.get('query')).toBe(
        'memory:inuse_space:bytes:space:bytes{service_name="checkout"}',
      ),
    );
    expect(router.state.location.search).toMatchObject({ type: 'memory:inuse_space:bytes:space:bytes' });
  });

  it('adds and removes a label filter', async () => {
    const api = new FixtureApi();
    renderApp('/services/checkout', api);
    await drawnGraph();
    fireEvent.click(screen.getByTestId('add-filter'));
    const label = await screen.findByLabelText('Label');
    await within(label).findByRole('option', { name: 'version' });
    fireEvent.change(label, { target: { value: 'version' } });
    fireEvent.change(screen.getByLabelText('Value'), { target: { value: '2.41.0' } });
    fireEvent.click(screen.getByText('Add'));
    const lastQuery = (): string | null | undefined =>
      api.asked('/flamegraph').at(-1)?.searchParams.get('query');
    await waitFor(() => expect(lastQuery()).toContain('{service_name="checkout",version="2.41.0"}'));
    fireEvent.click(screen.getByLabelText('Remove filter version = 2.41.0'));
    await waitFor(() => expect(screen.queryByTestId('filter-chip')).toBeNull());
  });

  it('says how much of the total a search matches, a match within a match counted once', async () => {
    const api = new FixtureApi({
      lines: ['a.main;b.json;b.json 30', 'a.main;b.json 20', 'a.main;c.other 50'],
    });
    const router = renderApp('/services/checkout', api);
    const host = await drawnGraph();
    fireEvent.change(screen.getByTestId('search-input'), { target: { value: 'json' } });
    await waitFor(() =>
      expect(screen.getByTestId('search-summary').textContent).toBe('2 nodes, 50.0 % of total'),
    );
    expect(host.dataset['matches']).toBe('2');
    expect(router.state.location.search).toMatchObject({ q: 'json' });
    const names = await screen.findAllByRole('rowheader');
    expect(names.map((name) => name.textContent)).toEqual(['b.json']);
    fireEvent.change(screen.getByTestId('search-input'), { target: { value: '/b[/' } });
    await waitFor(() =>
      expect(screen.getByTestId('search-summary').querySelector('.field-error')).toBeTruthy(),
    );
  });

  it('zooms by click, shows the path, and goes back by Escape and by the button', async () => {
    const router = renderApp('/services/checkout', new FixtureApi());
    const host = await drawnGraph();
    clickBox(host, 'encoding/json.Marshal');
    const path = [
      'runtime.goexit',
      'net/http.(*conn).serve',
      'net/http.serverHandler.ServeHTTP',
      'github.com/acme/shop/api.(*Handler).Quote',
      'encoding/json.Marshal',
    ];
    await waitFor(() => expect(JSON.parse(host.dataset['zoom'] ?? '')).toEqual(path));
    await waitFor(() => expect(router.state.location.search).toMatchObject({ zoom: JSON.stringify(path) }));
    expect(within(screen.getByTestId('breadcrumb')).getByText('json.Marshal')).toBeTruthy();
    fireEvent.keyDown(host, { key: 'Escape' });
    await waitFor(() => expect(JSON.parse(host.dataset['zoom'] ?? '')).toEqual(path.slice(0, 4)));
    await waitFor(() => expect(screen.getByTestId<HTMLButtonElement>('reset-zoom').disabled).toBe(false));
    fireEvent.click(screen.getByTestId('reset-zoom'));
    await waitFor(() => expect(host.dataset['zoom']).toBe(''));
  });

  it('opens zoomed where the address says so', async () => {
    const zoom = encodeURIComponent(JSON.stringify(['runtime.mcall', 'runtime.schedule']));
    renderApp(`/services/checkout?zoom=${zoom}`, new FixtureApi());
    const host = await drawnGraph();
    await waitFor(() =>
      expect(parsePath(host.dataset['zoom'])).toEqual(['runtime.mcall', 'runtime.schedule']),
    );
  });

  it('moves by keyboard to callee, neighbour and caller, and says where it is', async () => {
    renderApp('/services/checkout', new FixtureApi({ lines: ['a.main;b.wide 60', 'a.main;c.narrow 40'] }));
    const host = await drawnGraph();
    const active = document.getElementById(host.getAttribute('aria-activedescendant') ?? '')!;
    const press = (key: string): string => {
      fireEvent.keyDown(host, { key });
      return active.getAttribute('aria-label') ?? '';
    };
    expect(press('ArrowDown')).toMatch(/^total; /);
    expect(press('ArrowDown')).toMatch(/^a\.main; /);
    expect(press('ArrowDown')).toMatch(
      /^b\.wide; total 1 min, 60\.0 %; self 1 min, 60\.0 %; depth 2; child 1 of 2/,
    );
    expect(press('ArrowRight')).toMatch(/^c\.narrow; /);
    expect(press('ArrowRight')).toMatch(/^c\.narrow; /);
    await waitFor(() => expect(screen.getByTestId('flamegraph-live').textContent).toMatch(/^c\.narrow; /));
    press('Enter');
    await waitFor(() => expect(host.dataset['zoom']).toBe('["a.main","c.narrow"]'));
    expect(press('ArrowUp')).toMatch(/^c\.narrow|^a\.main/);
    press('/');
    expect(document.activeElement).toBe(screen.getByTestId('search-input'));
  });

  it('tells how much a cut hides and loads a subtree in full when its stand-in is clicked', async () => {
    const lines = Array.from(
      { length: 40 },
      (_, index) => `a.main;b.many;c.f${index} ${index < 3 ? 300 : 10}`,
    );
    const api = new FixtureApi({ lines, maxNodes: 8 });
    const router = renderApp('/services/checkout?view=graph', api);
    const host = await drawnGraph();
    expect(screen.getByTestId('partial-banner').textContent).toMatch(
      /^3\d of 43 nodes are too small .* hold \d+\.\d %/,
    );
    clickBox(host, standInName());
    await waitFor(() =>
      expect(api.asked('/flamegraph').at(-1)?.searchParams.get('root')).toBe('["a.main","b.many"]'),
    );
    expect(await screen.findByTestId('subtree-notice')).toBeTruthy();
    await waitFor(() => expect(screen.queryByTestId('partial-banner')).toBeNull());
    await waitFor(() => expect(host.dataset['zoom']).toBe('["a.main","b.many"]'));
    expect(host.dataset['nodes']).toBe('43');
    fireEvent.click(screen.getByText('Show the whole tree'));
    await waitFor(() => expect(screen.queryByTestId('subtree-notice')).toBeNull());
    expect(router.state.location.search).not.toHaveProperty('root', expect.any(String));
  });

  it('asks for more nodes where what is cut lies right below the root', async () => {
    const lines = Array.from({ length: 40 }, (_, index) => `c.f${index} ${index < 3 ? 300 : 10}`);
    const api = new FixtureApi({ lines, maxNodes: 8 });
    renderApp('/services/checkout?view=graph', api);
    const host = await drawnGraph();
    clickBox(host, standInName());
    await waitFor(() => expect(host.dataset['nodes']).toBe('41'));
    expect(api.asked('/flamegraph').at(-1)?.searchParams.get('max_nodes')).toBe(String(16_384 * 8));
    fireEvent.click(screen.getByTestId('reset-zoom'));
    await waitFor(() => expect(screen.getByTestId('partial-banner')).toBeTruthy());
  });

  it('offers the whole tree where the subtree or the zoomed path of the address does not exist', async () => {
    const lost = encodeURIComponent('["no.such"]');
    const router = renderApp(`/services/checkout?view=graph&root=${lost}&zoom=${lost}`, new FixtureApi());
    expect((await screen.findByTestId('empty-state')).textContent).toContain(
      'The subtree is not in this selection',
    );
    fireEvent.click(screen.getByText('Show the whole tree'));
    await drawnGraph();
    expect(router.state.location.search).not.toHaveProperty('root', expect.any(String));
    await router.navigate({ to: '.', search: (previous) => ({ ...previous, zoom: '["no.such"]' }) });
    expect(await screen.findByTestId('zoom-notice')).toBeTruthy();
  });

  it('stays zoomed and focused when a refresh brings a new tree', async () => {
    const api = new FixtureApi({ lines: ['a.main;b.wide 60', 'a.main;c.narrow 40'] });
    renderApp('/services/checkout?view=graph', api);
    const host = await drawnGraph();
    clickBox(host, 'c.narrow');
    await waitFor(() => expect(host.dataset['zoom']).toBe('["a.main","c.narrow"]'));
    api.options = { lines: ['a.main;a.first 10', 'a.main;b.wide 60', 'a.main;c.narrow 50'] };
    fireEvent.click(screen.getByLabelText('Refresh'));
    await waitFor(() => expect(host.dataset['nodes']).toBe('5'));
    expect(host.dataset['zoom']).toBe('["a.main","c.narrow"]');
  });

  it('never renders React again on hover', async () => {
    renderApp('/services/checkout?view=graph', new FixtureApi());
    const host = await drawnGraph();
    const tooltip = host.querySelector<HTMLElement>('.flame-tooltip')!;
    let changes = 0;
    const observer = new MutationObserver((records) => {
      changes += records.filter((record) => !tooltip.contains(record.target)).length;
    });
    observer.observe(document.body, { subtree: true, childList: true, characterData: true });
    const scroller = host.querySelector('.flame-scroller')!;
    for (let x = 975; x >= 300; x -= 25) fireEvent.pointerMove(scroller, { clientX: x, clientY: 70 });
    await act(() => Promise.resolve());
    expect(tooltip.hidden).toBe(false);
    expect(tooltip.textContent).toContain('net/http.serverHandler.ServeHTTP');
    expect(tooltip.textContent).toContain('net/http/server.go');
    expect(changes).toBe(0);
    observer.disconnect();
  });

  it('sorts the table by every column', async () => {
    renderApp(
      '/services/checkout?view=table',
      new FixtureApi({ lines: ['a.main;b.big 60', 'a.main;c.small 40'] }),
    );
    const table = await screen.findByTestId('top-table');
    const names = (): (string | null)[] =>
      within(table)
        .getAllByRole('rowheader')
        .map((cell) => cell.textContent);
    expect(names()).toEqual(['b.big', 'c.small', 'a.main']);
    fireEvent.click(within(table).getByText('Total'));
    expect(names()).toEqual(['a.main', 'b.big', 'c.small']);
    fireEvent.click(within(table).getByText('Function'));
    expect(names()).toEqual(['a.main', 'b.big', 'c.small']);
    fireEvent.click(within(table).getByText('Function'));
    expect(names()).toEqual(['c.small', 'b.big', 'a.main']);
    expect(screen.queryByTestId('flamegraph')).toBeNull();
  });

  it('explains an empty answer and a failed one without taking the page down', async () => {
    renderApp('/services/checkout', new FixtureApi({ lines: [] }));
    expect((await screen.findByTestId('empty-state')).textContent).toContain('Nothing to draw');
  });

  it('keeps the rest of the page when the flame graph fails', async () => {
    const api = new FixtureApi();
    api.fail('/flamegraph', { status: 400, code: 'range_too_long', hint: 'Ask for a shorter range.' });
    renderApp('/services/checkout', api);
    expect((await screen.findByTestId('error-state')).textContent).toContain('range_too_long');
    expect(screen.getByTestId('profile-type-select')).toBeTruthy();
  });

  it('offers comparisons with the range before and of the two newest versions', async () => {
    renderApp('/services/checkout', new FixtureApi());
    const versions = await screen.findByTestId('compare-versions');
    const params = new URL(versions.getAttribute('href') ?? '', 'http://localhost').searchParams;
    expect(params.get('left_query')).toContain('version="2.40.0"');
    expect(params.get('right_query')).toContain('version="2.41.0"');
    const previous = screen.getByTestId('compare-previous').getAttribute('href') ?? '';
    expect(new URL(previous, 'http://localhost').searchParams.get('left_from')).toBe('now-2h');
  });

  it('links to the pprof of exactly what is shown', async () => {
    renderApp('/services/checkout?from=now-6h&filter=env%3D%22prod%22', new FixtureApi());
    const link = await screen.findByTestId('open-pprof');
    const url = new URL(link.getAttribute('href') ?? '', 'http://localhost');
    expect(url.pathname).toBe('/api/v1/profile.pb.gz');
    expect(url.searchParams.get('query')).toBe(
      'process_cpu:cpu:nanoseconds:cpu:nanoseconds{service_name="checkout",env="prod"}',
    );
    expect(url.searchParams.get('from')).toBe('now-6h');
  });

  it('says what is not resolved, and nothing where all is', async () => {
    renderApp('/services/checkout', new FixtureApi({ lines: ['a.main;b.work 60', '(unresolved) 20'] }));
    await drawnGraph();
    expect(screen.getByTestId('unresolved-notice').textContent).toBe(
      'Functions of 1 stack are not known any more. They hold 25.0 % of the total and stand as (unresolved); everflame doctor says what can be done.',
    );
    expect(window.__everflame?.flamegraph?.boxes().map((box) => box.name)).toContain('(unresolved)');
    cleanup();
    renderApp('/services/checkout', new FixtureApi());
    await drawnGraph();
    expect(screen.queryByTestId('unresolved-notice')).toBeNull();
  });
});
