import { QueryClientProvider } from '@tanstack/react-query';
import { createMemoryHistory, RouterProvider } from '@tanstack/react-router';
import { cleanup, configure, render } from '@testing-library/react';
import { afterEach, vi } from 'vitest';
import { createQueryClient } from '../../src/api/client.ts';
import { createDashboardRouter } from '../../src/router.tsx';
import type { FixtureApi } from './fixture-api.ts';

// A page loads its code on first use, which takes longer on a busy machine than the library's second.
configure({ asyncUtilTimeout: 8000 });
vi.setConfig({ testTimeout: 30_000 });

const WIDTH = 1000;
const HEIGHT = 400;

/** A canvas context that accepts every call; the DOM of the tests draws nothing. */
function silentContext(canvas: HTMLCanvasElement): CanvasRenderingContext2D {
  const known: Record<string | symbol, unknown> = {
    canvas,
    measureText: (text: string) => ({ width: text.length * 7 }),
  };
  return new Proxy(known, {
    get: (target, name) => (name in target ? target[name] : () => undefined),
    set: (target, name, value) => {
      target[name] = value;
      return true;
    },
  }) as unknown as CanvasRenderingContext2D;
}

function installLayout(): void {
  vi.stubGlobal(
    'Path2D',
    class {
      addPath(): void {}
      arc(): void {}
      closePath(): void {}
      lineTo(): void {}
      moveTo(): void {}
      rect(): void {}
    },
  );
  const contexts = new WeakMap<HTMLCanvasElement, CanvasRenderingContext2D>();
  HTMLCanvasElement.prototype.getContext = function getContext(this: HTMLCanvasElement) {
    const context = contexts.get(this) ?? silentContext(this);
    contexts.set(this, context);
    return context;
  } as unknown as typeof HTMLCanvasElement.prototype.getContext;
  for (const [name, value] of [
    ['clientWidth', WIDTH],
    ['clientHeight', HEIGHT],
  ] as const) {
    Object.defineProperty(HTMLElement.prototype, name, { configurable: true, get: () => value });
  }
}

/** Renders the whole dashboard at an address against an API in memory; answers its router. */
export function renderApp(address: string, api: FixtureApi): ReturnType<typeof createDashboardRouter> {
  installLayout();
  vi.stubGlobal('fetch', api.fetch);
  const queryClient = createQueryClient(1);
  const router = createDashboardRouter(queryClient, createMemoryHistory({ initialEntries: [address] }));
  render(
    <QueryClientProvider client={queryClient}>
      <RouterProvider router={router} />
    </QueryClientProvider>,
  );
  return router;
}

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
  localStorage.clear();
  delete document.documentElement.dataset['theme'];
});
