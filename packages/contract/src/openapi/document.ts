import { z } from 'zod';
import { errorBodySchema } from '../http/answer-parts.ts';
import { PARAM } from '../http/parameters.ts';
import type { ApiRoute } from './api-route.ts';
import { API_ROUTES } from './routes.ts';

type Json = Record<string, unknown>;

/** The OpenAPI 3.1 document of the API on port 4040, made of the schemas that check its parameters and answers. */
export function openApiDocument(): Json {
  const paths: Record<string, Json> = {};
  for (const route of API_ROUTES) {
    const path = `/api/v1/${route.path}`;
    paths[path] = { ...paths[path], [route.method]: operationOf(route) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Everflame query API',
      version: '1',
      description: 'docs/api.md explains selectors, times, kinds of values and error codes.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: 'http://127.0.0.1:4040' }],
    paths,
    components: {
      responses: {
        Error: {
          description: 'What is wrong, by a stable code; docs/api.md lists the codes with their statuses.',
          content: {
            'application/json': {
              schema: schemaOf(errorBodySchema, 'output'),
              example: {
                error: {
                  code: 'invalid_selector',
                  message: 'The selector is empty.',
                  requestId: '5f0c6a8e-0c1f-4a4e-9b6c-2f1f5d1c7a10',
                },
              },
            },
          },
        },
      },
    },
  };
}

/** An example call, as a shell takes it. */
export function exampleOf({ path, method, example = {}, bodyExample }: ApiRoute): string {
  const filled = path.replaceAll(/\{(\w+)\}/g, (_part, name: string) => example[name] ?? name);
  const values = Object.entries(example).filter(([name]) => !path.includes(`{${name}}`));
  const options = [
    ...(values.length > 0 ? ['-G'] : []),
    ...(method === 'put' || method === 'delete' ? [`-X ${method.toUpperCase()}`] : []),
  ];
  const lines = values.map(([name, value]) => `--data-urlencode '${name}=${value}'`);
  if (bodyExample !== undefined) {
    lines.push(`-H 'content-type: application/json'`, `-d '${JSON.stringify(bodyExample)}'`);
  }
  const url = `'http://127.0.0.1:4040/api/v1/${filled}'`;
  return [['curl', ...options, url].join(' '), ...lines].join(' \\\n  ');
}

function operationOf(route: ApiRoute): Json {
  const { status = 200, answers, body, bodyExample } = route;
  const content = Object.entries(answers).map(([type, schema]) => [
    type,
    schema === undefined ? {} : { schema: schemaOf(schema, 'output') },
  ]);
  return {
    operationId: `${route.method} ${route.path}`.replaceAll(/[^a-z0-9]+/g, '_').replace(/_$/, ''),
    summary: route.summary,
    ...(route.query || route.path.includes('{') ? { parameters: parametersOf(route) } : {}),
    ...(body && {
      requestBody: {
        required: true,
        content: { 'application/json': { schema: schemaOf(body, 'input'), example: bodyExample } },
      },
    }),
    responses: {
      [status]: {
        description: status === 204 ? 'Done.' : 'The answer.',
        ...(content.length > 0 ? { content: Object.fromEntries(content) as Json } : {}),
      },
      default: { $ref: '#/components/responses/Error' },
    },
    'x-codeSamples': [{ lang: 'shell', source: exampleOf(route) }],
  };
}

function parametersOf({ path, query = [], example = {} }: ApiRoute): Json[] {
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
    example: example[name],
  }));
  const schemas = query.map((schema) => schemaOf(schema, 'input'));
  const properties = Object.assign({}, ...schemas.map((schema) => schema['properties'])) as Record<
    string,
    Json
  >;
  const isRequired = (name: string): boolean =>
    schemas.every((schema) => (schema['required'] as string[] | undefined)?.includes(name) ?? false);
  const inQuery = Object.entries(properties).map(([name, { description, ...schema }]) => ({
    name,
    in: 'query',
    ...(description === undefined ? {} : { description }),
    required: isRequired(name),
    schema: { ...schema, ...defaultOf(query, name) },
    ...(example[name] === undefined ? {} : { example: example[name] }),
  }));
  return [...inPath, ...inQuery];
}

/** Zod leaves out the default of what is read from text. */
function defaultOf(query: readonly z.ZodObject[], name: string): Json {
  const schema = query.map(({ shape }) => shape[name]).find((found) => found !== undefined);
  return schema instanceof z.ZodDefault ? { default: schema.def.defaultValue } : {};
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, {
    io,
    override: ({ zodSchema, jsonSchema }) => {
      const documented = (zodSchema as unknown as z.ZodType).meta()?.[PARAM];
      if (documented === undefined) return;
      delete jsonSchema.anyOf;
      Object.assign(jsonSchema, documented);
      delete jsonSchema[PARAM];
    },
  });
  return rest;
}
