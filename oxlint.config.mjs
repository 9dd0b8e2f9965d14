// What the linter checks: `npm run lint`.

/** Libraries that reach outside a process, or belong to a framework. */
const IO = ['node:*', 'node:*/*'];
const NEST = ['@nestjs/*', 'fastify', '@fastify/*', 'rxjs', 'reflect-metadata'];
const GRPC = ['@grpc/*'];
const CLICKHOUSE = ['@clickhouse/client'];

/** Rooms of a service that its `application` does not reach into. */
const REACHED = {
  regex: String.raw`/(adapters|api|push)/|\.module\.ts$|/config\.ts$`,
  message: 'What a service does knows nothing of what reaches it, or what it reaches.',
};

/** Folders without I/O, clock and randomness. */
const PURE = ['bytes', 'profile', 'flamegraph', 'contract'].map((name) => `packages/${name}/src/**`);

/**
 * Who may import what: folder, packages of ours, libraries. What a row does not name is forbidden, a new package or library
 * too; of several rows for a file the last one counts. docs/architecture.md draws the table.
 */
export const LAYERS = [
  ['packages/bytes/src', [], []],
  ['packages/profile/src', ['bytes'], ['re2js']],
  ['packages/flamegraph/src', ['bytes', 'profile'], []],
  ['packages/contract/src', ['flamegraph', 'profile'], ['zod']],
  ['packages/contract/src/grpc', [], ['node:url', ...GRPC]],
  ['packages/client/src', ['contract'], []],
  ['packages/storage/src', ['bytes', 'profile'], ['node:crypto', 'node:stream', ...CLICKHOUSE]],
  ['packages/embedded-clickhouse/src', [], [...IO, 'chdb']],
  [
    'packages/service-kit/src',
    ['contract', 'profile'],
    [...IO, ...NEST, 'ioredis', 'pino', 'prom-client', 'zod', 'yaml', '@datadog/pprof'],
  ],
  [
    'packages/testkit/src',
    ['bytes', 'contract', 'embedded-clickhouse', 'flamegraph', 'profile', 'storage'],
    [...IO, ...CLICKHOUSE, 'ioredis', 'pino', 'vitest'],
  ],
  [
    'services/ingest/src',
    ['bytes', 'contract', 'contract/grpc', 'profile', 'service-kit', 'service-kit/worker-body', 'storage'],
    [...IO, ...NEST, ...GRPC, 'zod'],
  ],
  [
    'services/query/src',
    ['bytes', 'contract', 'flamegraph', 'profile', 'service-kit/redis', 'service-kit/worker-body', 'storage'],
    [...IO, ...NEST, 'zod'],
  ],
  [
    'services/scraper/src',
    ['contract', 'contract/grpc', 'profile', 'service-kit', 'service-kit/redis'],
    [...IO, ...NEST, 'bullmq', 'zod'],
  ],
  [
    'services/alerter/src',
    ['client', 'contract', 'profile', 'service-kit', 'service-kit/redis', 'storage'],
    [...IO, ...NEST, 'bullmq', 'zod'],
  ],
  // What a service does knows no framework, no transport and no store.
  [
    'services/ingest/src/application',
    ['bytes', 'profile', 'service-kit', 'service-kit/gunzip', 'storage'],
    IO,
  ],
  [
    'services/query/src/application',
    ['bytes', 'contract', 'flamegraph', 'profile', 'service-kit', 'storage'],
    IO,
  ],
  ['services/scraper/src/application', ['contract', 'profile', 'service-kit'], IO],
  ['services/alerter/src/application', ['contract', 'profile', 'service-kit'], IO],
  [
    'apps/dashboard/src',
    ['client', 'contract', 'flamegraph', 'profile'],
    ['react', 'react-dom/client', '@tanstack/*', 'uplot', 'uplot/dist/*'],
  ],
  [
    'apps/cli/src',
    ['client', 'contract', 'contract/grpc', 'profile', 'service-kit/file-lock', 'service-kit/redis'],
    [...IO, ...GRPC],
  ],
];

/** Matches every import but relative ones and what is named, with all that leads to it: `a/b` opens `a` as well. */
function allBut(names) {
  const steps = (name) => name.split('/').map((_, i, parts) => parts.slice(0, i + 1).join('/'));
  const opened = new Set(names.flatMap(steps));
  return ['*', '!.', '!..', '!./**', '!../**', ...[...opened].map((name) => `!${name}`)];
}

function layer([folder, packages, libraries]) {
  const names = [...packages.map((name) => `@everflame/${name}`), ...libraries];
  const message = 'Not in the table of oxlint.config.mjs: see "Who may import whom" in docs/architecture.md.';
  // The first pattern that knows an import decides, so what is open to all comes last.
  const patterns = [...(folder.endsWith('/application') ? [REACHED] : []), { group: allBut(names), message }];
  return { files: [`${folder}/**`], rules: { 'no-restricted-imports': ['error', { patterns }] } };
}

const limit = (max) => ['error', { max, skipBlankLines: true, skipComments: true }];

const pure = {
  files: PURE,
  excludeFiles: ['packages/contract/src/grpc/**'],
  rules: {
    'no-restricted-globals': [
      'error',
      'fetch',
      'process',
      'performance',
      'crypto',
      'setTimeout',
      'setInterval',
    ],
    'no-restricted-properties': [
      'error',
      { object: 'Date', property: 'now', message: 'Pure: the time is an argument.' },
      { object: 'Math', property: 'random', message: 'Pure: chance is an argument.' },
    ],
  },
};

export default {
  options: { typeAware: true },
  plugins: ['typescript', 'unicorn', 'oxc', 'import'],
  categories: { correctness: 'error', suspicious: 'error' },
  ignorePatterns: [
    '**/dist/**',
    '**/generated/**',
    '**/node_modules/**',
    '.everflame/**',
    'artifacts/**',
    'testdata/**',
  ],
  rules: {
    'typescript/no-explicit-any': 'error',
    'typescript/no-non-null-assertion': 'error',
    'typescript/no-misused-promises': 'error',
    'typescript/switch-exhaustiveness-check': 'error',
    'typescript/prefer-readonly': 'error',
    'typescript/no-extraneous-class': ['error', { allowWithDecorator: true }],
    'typescript/consistent-type-imports': 'off',
    'import/no-cycle': ['error', { ignoreTypes: false }],
    'import/no-default-export': 'error',
    'import/no-unassigned-import': ['error', { allow: ['reflect-metadata', '**/*.css'] }],
    'no-console': 'error',
    'max-lines': limit(300),
    'max-lines-per-function': limit(50),
    complexity: ['error', 10],
    'max-params': ['error', 4],
    'typescript/no-unsafe-type-assertion': 'off',
    'no-underscore-dangle': 'off',
    'unicorn/consistent-function-scoping': 'off',
    'import/no-named-as-default-member': 'off',
    'no-shadow': 'off',
  },
  overrides: [
    ...LAYERS.map(layer),
    pure,
    {
      files: [
        '**/test/**',
        'packages/testkit/**',
        'e2e/**',
        'bench/**',
        'scripts/**',
        '*.config.{ts,mjs}',
        '**/vite.config.ts',
      ],
      rules: {
        'max-lines-per-function': 'off',
        'max-lines': 'off',
        'no-console': 'off',
        'import/no-default-export': 'off',
        'typescript/no-non-null-assertion': 'off',
        complexity: 'off',
        'max-params': 'off',
      },
    },
    { files: ['e2e/targets/**'], rules: { 'typescript/no-misused-promises': 'off' } },
  ],
};
