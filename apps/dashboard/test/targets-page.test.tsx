// @vitest-environment happy-dom
import { fireEvent, screen, waitFor } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import { FixtureApi } from './support/fixture-api.ts';
import { renderApp } from './support/render-app.tsx';

describe('targets page', () => {
  it('puts failing targets first with the literal error of each profile', async () => {
    renderApp('/targets', new FixtureApi());
    const [down, up] = await screen.findAllByTestId('target-row');
    expect(down!.dataset['health']).toBe('down');
    expect(down!.textContent).toContain('connect ECONNREFUSED 10.0.4.19:6060');
    expect(down!.textContent).toContain('31 of 1,204');
    expect(up!.textContent).toContain('10.1 s');
    expect(up!.textContent).toContain('not scraped yet');
  });

  it('filters by health and text', async () => {
    const router = renderApp('/targets', new FixtureApi());
    await screen.findAllByTestId('target-row');
    fireEvent.click(screen.getByText('Up 1'));
    await waitFor(() => expect(screen.getAllByTestId('target-row')).toHaveLength(1));
    fireEvent.change(screen.getByLabelText('Filter targets'), { target: { value: 'reco' } });
    expect((await screen.findByTestId('empty-state')).textContent).toContain('No target matches');
    expect(router.state.location.search).toMatchObject({ health: 'up', q: 'reco' });
  });

  it('says why there is nothing and tells a dead scraper from none', async () => {
    const api = new FixtureApi({ targets: [] });
    renderApp('/targets', api);
    expect((await screen.findByTestId('empty-state')).textContent).toContain('Nothing is scraped');
  });

  it('shows the error of a scraper that does not answer after trying again', async () => {
    const api = new FixtureApi();
    api.fail('/targets', { status: 503, code: 'scraper_unavailable' });
    renderApp('/targets', api);
    expect((await screen.findByTestId('error-state')).textContent).toContain('scraper_unavailable');
    expect(api.asked('/targets')).toHaveLength(3);
  });

  it('leads back from an address that does not exist', async () => {
    renderApp('/nowhere', new FixtureApi());
    expect((await screen.findByTestId('empty-state')).textContent).toContain('This page does not exist');
  });
});
