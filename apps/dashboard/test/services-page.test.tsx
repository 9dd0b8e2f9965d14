// @vitest-environment happy-dom
import { fireEvent, screen, waitFor, within } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import { FixtureApi } from './support/fixture-api.ts';
import { renderApp } from './support/render-app.tsx';

describe('services page', () => {
  it('lists services by CPU with cores, heap, change, versions and instances', async () => {
    renderApp('/', new FixtureApi());
    const rows = await screen.findAllByTestId('service-row');
    expect(rows.map((row) => within(row).getByRole('link').textContent)).toEqual([
      'catalog',
      'checkout',
      'recommendations',
      'image-resizer',
      'everflame-query',
    ]);
    const checkout = rows[1]!;
    expect(checkout.textContent).toContain('2.41 cores');
    expect(checkout.textContent).toContain('+18 %');
    expect(checkout.textContent).toContain('412 MiB');
    expect(within(checkout).getByText('2.41.0')).toBeTruthy();
    expect(rows[3]!.textContent).toContain('new');
  });

  it('filters and sorts through the address', async () => {
    const router = renderApp('/', new FixtureApi());
    await screen.findAllByTestId('service-row');
    fireEvent.change(screen.getByLabelText('Sort by'), { target: { value: 'heap' } });
    await waitFor(() =>
      expect(screen.getAllByTestId('service-row')[0]!.textContent).toContain('recommendations'),
    );
    fireEvent.change(screen.getByLabelText('Filter services by name'), { target: { value: 'check' } });
    await waitFor(() => expect(screen.getAllByTestId('service-row')).toHaveLength(1));
    expect(router.state.location.search).toMatchObject({ q: 'check', sort: 'heap' });
    fireEvent.change(screen.getByLabelText('Filter services by name'), { target: { value: 'nothing' } });
    expect((await screen.findByTestId('empty-state')).textContent).toContain(
      'No service is called “nothing”',
    );
  });

  it('shows a skeleton first', () => {
    renderApp('/', new FixtureApi());
    return screen.findByTestId('loading-state').then((state) => {
      expect(state.textContent).toBe('Loading services');
    });
  });

  it(
    'helps with the first profile and shows the service as soon as it arrives',
    { timeout: 15_000 },
    async () => {
      const api = new FixtureApi({ hasServices: false });
      renderApp('/', api);
      await screen.findByText('No profiles yet');
      const help = screen.getByTestId('empty-state').textContent;
      expect(help).toContain('scrape_configs');
      expect(help).toContain('curl --data-binary');
      api.options = { hasServices: true };
      await waitFor(() => expect(screen.getAllByTestId('service-row').length).toBe(5), { timeout: 10_000 });
    },
  );

  it('says code, hint and request id of an error and recovers by retry', async () => {
    const api = new FixtureApi();
    api.fail('/services', { status: 400, code: 'invalid_time', hint: 'Use now-1h.' });
    renderApp('/', api);
    const state = await screen.findByTestId('error-state');
    expect(state.textContent).toContain('invalid_time');
    expect(state.textContent).toContain('Use now-1h.');
    expect(state.textContent).toContain('req-7f3a');
    api.fail('/services', null);
    fireEvent.click(within(state).getByText('Retry'));
    expect(await screen.findAllByTestId('service-row')).toHaveLength(5);
    expect(screen.queryByTestId('error-state')).toBeNull();
  });

  it('asks for the range that was chosen and keeps it on the way to a service', async () => {
    const api = new FixtureApi();
    const router = renderApp('/', api);
    await screen.findAllByTestId('service-row');
    fireEvent.click(screen.getByTestId('time-range'));
    fireEvent.click(screen.getByText('6 h'));
    await waitFor(() => expect(api.asked('/services').at(-1)?.searchParams.get('from')).toBe('now-6h'));
    fireEvent.click(screen.getByRole('link', { name: 'checkout' }));
    await waitFor(() => expect(router.state.location.pathname).toBe('/services/checkout'));
    expect(router.state.location.search).toMatchObject({ from: 'now-6h', to: 'now' });
  });

  it('refuses a typed range that cannot be', async () => {
    const router = renderApp('/', new FixtureApi());
    await screen.findAllByTestId('service-row');
    fireEvent.click(screen.getByTestId('time-range'));
    fireEvent.change(screen.getByLabelText('From'), { target: { value: 'now' } });
    fireEvent.click(screen.getByText('Apply'));
    expect(screen.getByRole('alert').textContent).toBe('The start must be before the end.');
    fireEvent.change(screen.getByLabelText('From'), { target: { value: 'now-3h' } });
    fireEvent.click(screen.getByText('Apply'));
    await waitFor(() => expect(router.state.location.search).toMatchObject({ from: 'now-3h' }));
  });

  it('steps through the themes and remembers the choice', async () => {
    renderApp('/', new FixtureApi());
    const toggle = await screen.findByTestId('theme-toggle');
    expect(document.documentElement.dataset['theme']).toBeUndefined();
    fireEvent.click(toggle);
    expect(document.documentElement.dataset['theme']).toBe('light');
    fireEvent.click(toggle);
    expect(document.documentElement.dataset['theme']).toBe('dark');
    expect(localStorage.getItem('everflame.theme')).toBe('dark');
    expect(toggle.getAttribute('aria-label')).toContain('Theme: dark');
  });
});
