import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { format } from 'oxfmt';
import { describe, expect, it } from 'vitest';
import { API_ROUTES, openApiDocument } from '../src/index.ts';
import { exampleOf } from '../src/openapi/document.ts';

const docs = join(import.meta.dirname, '../../../docs');

describe('the OpenAPI document', () => {
  it('is the one in docs/; run this test with -u after a change of the schemas', async () => {
    const file = join(docs, 'openapi.json');
    const { code } = await format(file, JSON.stringify(openApiDocument()), { printWidth: 110 });
    await expect(code).toMatchFileSnapshot(file);
  });

  it('documents a whole number with its bounds, and a switch as one', () => {
    expect(parametersOf('flamegraph')).toMatchObject({
      max_nodes: { schema: { type: 'integer', minimum: 1, maximum: 1_000_000, default: 16_384 } },
      invert: { schema: { type: 'boolean', default: false } },
      query: { description: expect.stringContaining('profile type') as string, required: false },
    });
  });

  it('requires what every form of a call requires', () => {
    expect(parametersOf('sandwich')).toMatchObject({
      function: { required: true },
      left_query: { required: false },
    });
    expect(parametersOf('explain')).toMatchObject({ left_query: { required: true } });
  });

  it('has a name of its own for each call', () => {
    const { paths } = openApiDocument() as { paths: Record<string, Record<string, { operationId: string }>> };
    const names = Object.values(paths).flatMap((calls) =>
      Object.values(calls).map((call) => call.operationId),
    );
    expect(names.length).toBe(API_ROUTES.length);
    expect(new Set(names).size).toBe(names.length);
  });

  it('uses each parameter of an example', () => {
    for (const route of API_ROUTES) {
      const names = Object.keys(parametersOf(route.path, route.method));
      expect(names).toEqual(expect.arrayContaining(Object.keys(route.example ?? {})));
    }
  });
});

describe('docs/api.md', () => {
  const text = readFileSync(join(docs, 'api.md'), 'utf8');

  it.each(API_ROUTES.map((route) => [`${route.method} ${route.path}`, route] as const))(
    'names the call and gives an example: %s',
    (_name, route) => {
      expect(text).toContain(`\`${route.path}\``);
      expect(text).toContain(exampleOf(route));
      expect(() => route.body?.parse(route.bodyExample)).not.toThrow();
    },
  );

  it('names every parameter of a call', () => {
    for (const route of API_ROUTES) {
      for (const name of Object.keys(parametersOf(route.path, route.method))) {
        expect(
          `${name}${new RegExp(`\`${name}[=\`]`).test(text) || text.includes(`{${name}}`) ? '' : ' is missing'}`,
        ).toBe(name);
      }
    }
  });
});

interface Parameter {
  readonly name: string;
  readonly required: boolean;
  readonly schema: unknown;
}

function parametersOf(path: string, method = 'get'): Record<string, Parameter> {
  const { paths } = openApiDocument() as {
    paths: Record<string, Record<string, { parameters?: Parameter[] }>>;
  };
  const parameters = paths[`/api/v1/${path}`]?.[method]?.parameters ?? [];
  return Object.fromEntries(parameters.map((parameter) => [parameter.name, parameter]));
}
