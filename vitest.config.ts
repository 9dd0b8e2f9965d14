import { availableParallelism } from 'node:os';
import { defaultServerConditions } from 'vite';
import { defineConfig } from 'vitest/config';

const conditions = ['@everflame/source', ...defaultServerConditions];
const source = { resolve: { conditions }, ssr: { resolve: { conditions } } };
const reporters = ['default', './scripts/closing-line-reporter.mjs'];

export default defineConfig({
  test: {
    reporters,
    maxWorkers: availableParallelism(),
    projects: [
      {
        ...source,
        test: {
          name: 'unit',
          include: ['{packages,services,apps}/*/test/**/*.test.{ts,tsx}'],
          exclude: ['**/*.integration.test.ts', '**/node_modules/**'],
        },
      },
      {
        ...source,
        test: {
          name: 'integration',
          include: ['{packages,services,apps}/*/test/**/*.integration.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
      {
        ...source,
        test: {
          name: 'e2e',
          include: ['e2e/test/**/*.e2e.test.ts'],
          fileParallelism: false,
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
});
