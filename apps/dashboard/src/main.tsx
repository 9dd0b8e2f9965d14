// First, so that the style sheets of pages follow those of the whole.
import './styles/tokens.css';
import './styles/base.css';
import './styles/layout.css';
import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { createQueryClient } from './api/client.ts';
import { createDashboardRouter } from './router.tsx';
import { applyTheme, readThemeChoice } from './ui/theme.ts';

// Without this zod probes `new Function`, which the content security policy forbids and the console then reports.
Object.assign(globalThis, { __zod_globalConfig: { jitless: true } });

applyTheme(readThemeChoice());

const host = document.getElementById('root');
if (host) {
  const queryClient = createQueryClient();
  createRoot(host).render(
    <StrictMode>
      <QueryClientProvider client={queryClient}>
        <RouterProvider router={createDashboardRouter(queryClient)} />
      </QueryClientProvider>
    </StrictMode>,
  );
}
