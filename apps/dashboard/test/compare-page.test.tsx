// @vitest-environment happy-dom
import { fireEvent, screen, waitFor, within } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import { selectorFor } from '../src/features/filters/matchers.ts';
import { FixtureApi } from './support/fixture-api.ts';
import { renderApp } from './support/render-app.tsx';

const CPU = 'process_cpu:cpu:nanoseconds:cpu:nanoseconds';
const version = (value: string): string =>
  encodeURIComponent(selectorFor(CPU, 'checkout', [{ name: 'version', op: '=', value }]));
const ADDRESS = `/compare?left_query=${version('2.40.0')}&right_query=${version('2.41.0')}`;

describe('compare page', () => {
  it('asks for a service first and opens with the last hour against the one before', async () => {
    const api = new FixtureApi();
    const router = renderApp('/compare', api);
    expect((await screen.findByTestId('empty-state')).textContent).toContain('Choose a service');
    await screen.findByRole('option', { name: 'checkout' });
    fireEvent.change(screen.getByTestId('compare-service'), { target: { value: 'checkout' } });
    await screen.findByTestId('diff-flamegraph');
    expect(router.state.location.search).toMatchObject({
      left_from: 'now-2h',
      left_to: 'now-1h',
      right_to: 'now',
    });
    expect(api.asked('/flamegraph/diff').at(-1)?.searchParams.get('right_query')).toBe(
      `${CPU}{service_name="checkout"}`,
    );
  });

  it('draws both sides, says the verdict and ranks what changed', async () => {
    renderApp(ADDRESS, new FixtureApi());
    const host = await screen.findByTestId('diff-flamegraph');
    await waitFor(() => expect(Number(host.dataset['drawn'])).toBeGreaterThan(0));
    const verdict = screen.getByTestId('verdict').textContent;
    expect(verdict).toContain('+27 %');
    const rows = within(await screen.findByTestId('changed-table'))
      .getAllByRole('row')
      .slice(1);
    expect(rows[0]!.textContent).toContain('json.structEncoder.encode');
    expect(rows[0]!.textContent).toContain('+88 %');
    expect(rows[1]!.dataset['change']).toBe('new');
    expect(rows[1]!.textContent).toContain('tax.(*Client).Rate');
    expect(rows.find((row) => row.dataset['change'] === 'gone')!.textContent).toContain('Cache).Get');
  });

  it('scales both sides as asked', async () => {
    const api = new FixtureApi();
    const router = renderApp(ADDRESS, api);
    await screen.findByTestId('diff-flamegraph');
    fireEvent.change(screen.getByTestId('normalize-select'), { target: { value: 'share' } });
    await waitFor(() =>
      expect(api.asked('/flamegraph/diff').at(-1)?.searchParams.get('normalize')).toBe('share'),
    );
    expect(router.state.location.search).toMatchObject({ normalize: 'share' });
    await waitFor(() => expect(screen.getByTestId('verdict').textContent).toContain('scaled to 100 %'));
  });

  it('changes the range of one side alone', async () => {
    const api = new FixtureApi();
    renderApp(ADDRESS, api);
    await screen.findByTestId('diff-flamegraph');
    const before = screen.getByRole('region', { name: 'Before' });
    fireEvent.change(within(before).getByLabelText(/from/), { target: { value: 'now-5h' } });
    fireEvent.click(within(before).getByText('Apply'));
    await waitFor(() =>
      expect(api.asked('/flamegraph/diff').at(-1)?.searchParams.get('left_from')).toBe('now-5h'),
    );
    expect(api.asked('/flamegraph/diff').at(-1)?.searchParams.get('right_from')).toBe('now-1h');
  });
});
