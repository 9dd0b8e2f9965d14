import { availableParallelism } from 'node:os';
import { defaultServerConditions } from 'vite';
import { defineConfig } from 'vitest/config';

const conditions = ['@everflame/source', ...defaultServerConditions];
const source = { resolve: { conditions }, ssr: { resolve: { conditions } } };
/** A test takes milliseconds; on a machine with other work to do a property test may take seconds. */
const UNIT_TIMEOUT_MS = 30_000;
const reporters = ['default', './scripts/closing-line-reporter.mjs'];

export default defineConfig({
  test: {
    reporters,
    // More than cores, as integration tests wait for processes most of the time.
    maxWorkers: availableParallelism() * 3,
    projects: [
      {
        ...source,
        test: {
          // Unit and integration tests in one, so that they share the processes that have loaded the modules.
          name: 'fast',
          // Test files leave nothing behind in their process, and loading the modules anew for each takes half the time.
          isolate: false,
          include: ['{packages,services,apps}/*/test/**/*.test.ts', 'e2e/test/house/*.test.ts'],
          exclude: ['**/*.e2e.test.ts', '**/node_modules/**', 'apps/dashboard/**'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
      {
        ...source,
        test: {
          name: 'dashboard',
          include: ['apps/dashboard/test/**/*.test.{ts,tsx}'],
          testTimeout: UNIT_TIMEOUT_MS,
        },
      },
      {
        ...source,
        test: {
          name: 'e2e',
          // Besides the whole system: what builds, installs or kills programs, or tries so many cases that it takes long.
          include: ['{e2e,packages/*,services/*,apps/*}/test/**/*.e2e.test.ts'],
          fileParallelism: false,
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
});
