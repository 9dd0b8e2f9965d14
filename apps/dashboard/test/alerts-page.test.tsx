// @vitest-environment happy-dom
import { fireEvent, screen, waitFor, within } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import { FixtureApi } from './support/fixture-api.ts';
import { renderApp } from './support/render-app.tsx';

describe('alerts page', () => {
  it('shows growth, the functions that grew, the failed notification and the way to the diff', async () => {
    renderApp('/alerts', new FixtureApi());
    const [firing, resolved] = await screen.findAllByTestId('alert-row');
    expect(firing!.dataset['state']).toBe('firing');
    expect(firing!.textContent).toContain('1.09 GiB → 2.82 GiB');
    expect(firing!.textContent).toContain('+885 MiB per hour');
    expect(firing!.textContent).toContain('index.(*Builder).Add');
    expect(firing!.textContent).toContain('ECONNREFUSED');
    const link = within(firing!).getByText('Open the diff').getAttribute('href') ?? '';
    expect(link).toMatch(/^\/compare\?/);
    expect(new URLSearchParams(link.split('?')[1]).get('left_query')).toContain(
      'service_name="recommendations"',
    );
    expect(resolved!.dataset['state']).toBe('resolved');
  });

  it('filters by state through the address', async () => {
    const router = renderApp('/alerts', new FixtureApi());
    await screen.findAllByTestId('alert-row');
    fireEvent.click(screen.getByRole('button', { name: 'pending 0' }));
    expect((await screen.findByTestId('empty-state')).textContent).toContain('No alert is pending');
    expect(router.state.location.search).toMatchObject({ state: 'pending' });
  });

  it('makes a rule after naming what is wrong with it', async () => {
    const api = new FixtureApi();
    renderApp('/alerts', api);
    fireEvent.click(await screen.findByTestId('new-rule'));
    const form = await screen.findByTestId('rule-form');
    fireEvent.change(within(form).getByLabelText('Window'), { target: { value: 'soon' } });
    fireEvent.submit(form);
    expect(within(form).getByText('A rule needs a name of at most 128 characters.')).toBeTruthy();
    expect(within(form).getByLabelText('Window').getAttribute('aria-invalid')).toBe('true');
    expect(api.sent).toHaveLength(0);
    fireEvent.change(within(form).getByLabelText('Name'), { target: { value: 'Checkout heap' } });
    fireEvent.change(within(form).getByLabelText('Window'), { target: { value: '5m' } });
    fireEvent.submit(form);
    await waitFor(() => expect(screen.queryByTestId('rule-form')).toBeNull());
    expect(api.sent).toMatchObject([
      { method: 'POST', path: '/rules', body: { name: 'Checkout heap', windowMs: 300_000 } },
    ]);
    await screen.findByText('Checkout heap');
  });

  it('changes and deletes rules of the API and leaves those of the file alone', async () => {
    const api = new FixtureApi();
    renderApp('/alerts', api);
    const [fromFile, fromApi] = await screen.findAllByTestId('rule-row');
    expect(within(fromFile!).queryByRole('button')).toBeNull();
    expect(fromFile!.textContent).toContain('from file');
    expect(fromApi!.textContent).toContain('no_profiles');
    fireEvent.click(within(fromApi!).getByLabelText('Edit Goroutines pile up'));
    const form = await screen.findByTestId('rule-form');
    fireEvent.change(within(form).getByLabelText('Least growth'), { target: { value: '900' } });
    fireEvent.submit(form);
    await waitFor(() =>
      expect(api.sent[0]).toMatchObject({ method: 'PUT', path: '/rules/r2', body: { minGrowth: 900 } }),
    );
    fireEvent.click(await screen.findByLabelText('Delete Goroutines pile up'));
    expect(api.sent).toHaveLength(1);
    fireEvent.click(screen.getByText('Delete for good'));
    await waitFor(() => expect(screen.getAllByTestId('rule-row')).toHaveLength(1));
    expect(api.sent[1]).toMatchObject({ method: 'DELETE', path: '/rules/r2' });
  });

  it('keeps the form with its text when saving fails', async () => {
    const api = new FixtureApi();
    renderApp('/alerts?rule=new', api);
    const form = await screen.findByTestId('rule-form');
    fireEvent.change(within(form).getByLabelText('Name'), { target: { value: 'Heap' } });
    api.fail('/rules', { status: 409, code: 'rule_exists' });
    fireEvent.submit(form);
    expect((await within(form).findByTestId('error-state')).textContent).toContain('rule_exists');
    expect(within(form).getByLabelText<HTMLInputElement>('Name').value).toBe('Heap');
  });
});
