import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const OWN_SERVICES = ['ingest', 'query', 'scraper', 'alerter'];
/** Variables that the official images document. */
const IMAGE_VARIABLES: Readonly<Record<string, readonly string[]>> = {
  clickhouse: ['CLICKHOUSE_USER', 'CLICKHOUSE_PASSWORD', 'CLICKHOUSE_DB'],
  redis: [],
};
/** A tag alone, `latest` above all, is another image tomorrow. */
const PINNED = /^[a-z/-]+:\d+\.\d+[\w.-]*@sha256:[0-9a-f]{64}$/;
/** Variables of the image itself: of Node, and of the health check in the Dockerfile. */
const RUNTIME_VARIABLES = ['NODE_ENV', 'HEALTH_URL'];

interface ComposeService {
  readonly image?: string;
  readonly build?: { readonly context: string; readonly dockerfile: string; readonly target: string };
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly (string | { readonly source: string })[];
  readonly depends_on?: readonly string[];
  readonly restart?: string;
  readonly healthcheck?: object;
}
interface ComposeFile {
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}
interface Stage {
  readonly name: string;
  readonly from: string;
  readonly lines: readonly string[];
}

const read = (path: string): string => readFileSync(`${ROOT}${path}`, 'utf8');
const compose = parse(read('docker-compose.yml'), { merge: true }) as ComposeFile;
const services = Object.entries(compose.services);
const stages = parseStages(read('deploy/docker/Dockerfile'));
const stageNames = stages.map(({ name }) => name);

function parseStages(dockerfile: string): Stage[] {
  return dockerfile
    .replaceAll('\\\n', ' ')
    .split(/^(?=FROM )/m)
    .filter((text) => text.startsWith('FROM '))
    .map((text) => {
      const [, from = '', name = ''] = /^FROM (\S+) AS (\S+)/.exec(text) ?? [];
      return { from, name, lines: text.split('\n').slice(1) };
    });
}

const stageOf = (name: string): Stage => stages.find((stage) => stage.name === name)!;
const instructions = (stage: Stage, keyword: string): string[] =>
  stage.lines
    .filter((line) => line.startsWith(`${keyword} `))
    .map((line) => line.slice(keyword.length + 1).trim());
const environmentOf = (stage: Stage): Record<string, string> =>
  Object.fromEntries(
    instructions(stage, 'ENV')
      .flatMap((text) => text.split(' '))
      .map((pair) => pair.split('=', 2)),
  ) as Record<string, string>;
const variablesIn = (text: string): string[] => text.match(/\b[A-Z][A-Z0-9]*_[A-Z0-9_]+(?=:)/g) ?? [];
const knownVariables = (service: string): string[] => {
  if (!OWN_SERVICES.includes(service)) return [...(IMAGE_VARIABLES[service] ?? [])];
  const config = read(`services/${service}/src/config.ts`);
  const shared = config.includes('...clickhouseShape')
    ? read('packages/service-kit/src/config/clickhouse-config.ts')
    : '';
  return [...variablesIn(config), ...variablesIn(shared)];
};
/** The file in the repository from which a path of the image was built. */
const sourceOf = (path: string): string =>
  path
    .replace(/^\/app\//, '')
    .replace(/\/dist\/main\.js$/, '/src/main.ts')
    .replace(/\/dist$/, '');

describe('docker-compose.yml', () => {
  it('runs every service of ours from its own target of the Dockerfile', () => {
    for (const name of OWN_SERVICES) {
      const build = compose.services[name]?.build;
      expect(build?.target).toBe(name);
      expect(existsSync(`${ROOT}${build?.dockerfile}`)).toBe(true);
      expect(stageNames).toContain(name);
    }
    expect(services.map(([name]) => name).toSorted()).toEqual(
      [...OWN_SERVICES, 'clickhouse', 'redis'].toSorted(),
    );
  });

  it('pins the images of others by version and digest, checks their health and keeps their files in volumes', () => {
    for (const [name, service] of services.filter(([, { image }]) => image !== undefined)) {
      expect(service.image).toMatch(PINNED);
      expect(service.healthcheck, name).toBeDefined();
      const [volume] = service.volumes ?? [];
      expect(Object.keys(compose.volumes)).toContain(
        typeof volume === 'string' ? volume.split(':')[0] : volume,
      );
    }
  });

  it.each(services.map(([name]) => name))('gives %s only variables that it reads', (name) => {
    const known = knownVariables(name);
    for (const variable of Object.keys(compose.services[name]?.environment ?? {})) {
      expect(known).toContain(variable);
    }
  });

  it('publishes the dashboard and ingest on the loopback interface and nothing else', () => {
    expect(services.flatMap(([, { ports }]) => ports ?? []).toSorted()).toEqual([
      '127.0.0.1:4040:4040',
      '127.0.0.1:4041:4041',
      '127.0.0.1:4042:4042',
    ]);
  });

  it('reaches every service under its name and the port it listens on', () => {
    const ports: Record<string, string[]> = { clickhouse: ['8123'], redis: ['6379'] };
    for (const name of OWN_SERVICES) {
      ports[name] = Object.entries(compose.services[name]?.environment ?? {})
        .filter(([variable]) => variable.endsWith('_PORT'))
        .map(([, port]) => port);
    }
    const addresses = services.flatMap(([, { environment = {} }]) =>
      Object.values(environment).flatMap((value) => [...value.matchAll(/\b([a-z]+):(\d{4})\b/g)]),
    );
    expect(addresses.length).toBeGreaterThan(8);
    for (const [address, host = '', port = ''] of addresses) expect(ports[host], address).toContain(port);
  });

  it('lets the others address every service by its name', () => {
    for (const name of OWN_SERVICES) {
      const allowed = compose.services[name]?.environment?.[`${name.toUpperCase()}_ALLOWED_HOSTS`];
      expect(allowed?.split(',')[0]).toBe(name);
    }
  });

  it('starts again whatever ends, and starts every service without waiting until others are healthy', () => {
    for (const [name, { restart, depends_on: startedBefore = [] }] of services) {
      expect(restart, name).toBe('unless-stopped');
      expect(Object.keys(compose.services)).toEqual(expect.arrayContaining([...startedBefore]));
    }
  });

  it('mounts files that exist', () => {
    const files = services
      .flatMap(([, { volumes = [] }]) => volumes)
      .filter((volume) => typeof volume !== 'string')
      .map(({ source }) => /:-(.+)\}$/.exec(source)?.[1] ?? source);
    expect(files.length).toBeGreaterThan(0);
    for (const file of files) expect(existsSync(`${ROOT}${file}`), file).toBe(true);
  });
});

describe('Dockerfile', () => {
  it('builds on pinned images and earlier stages', () => {
    stages.forEach(({ from }, at) => {
      if (!stageNames.slice(0, at).includes(from)) expect(from).toMatch(PINNED);
    });
  });

  it('copies from stages and paths that exist', () => {
    const copies = stages.flatMap((stage) => instructions(stage, 'COPY'));
    expect(copies.length).toBeGreaterThan(8);
    for (const copy of copies.filter((text) => text.startsWith('--from='))) {
      const [, stage = '', path = ''] = /^--from=(\S+) (\S+)/.exec(copy) ?? [];
      expect(stageNames).toContain(stage);
      expect(path === '/app/node_modules' || existsSync(`${ROOT}${sourceOf(path)}`), copy).toBe(true);
    }
  });

  it.each(OWN_SERVICES)('runs the main file of %s as a user without rights, and probes its port', (name) => {
    const stage = stageOf(name);
    const [command = '[]'] = instructions(stage, 'CMD');
    const [program, file = ''] = JSON.parse(command) as string[];
    expect(program).toBe('node');
    expect(file).toBe(`services/${name}/dist/main.js`);
    expect(existsSync(`${ROOT}${sourceOf(file)}`)).toBe(true);
    expect(stage.from).toBe('runtime');
    expect(instructions(stageOf('runtime'), 'USER')).toEqual(['node']);
    expect(instructions(stageOf('runtime'), 'HEALTHCHECK')).toHaveLength(1);
    const environment = environmentOf(stage);
    const httpPort =
      environment[`${name.toUpperCase()}_PORT`] ?? environment[`${name.toUpperCase()}_HTTP_PORT`];
    expect(environment['HEALTH_URL']).toBe(`http://127.0.0.1:${httpPort}/healthz`);
    const listensOn = Object.entries(environment).filter(([variable]) => variable.endsWith('_PORT'));
    expect(instructions(stage, 'EXPOSE')[0]?.split(' ')).toEqual(listensOn.map(([, port]) => port));
    for (const variable of Object.keys(environment)) {
      expect([...knownVariables(name), ...RUNTIME_VARIABLES]).toContain(variable);
    }
  });
});
