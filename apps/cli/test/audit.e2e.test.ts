import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const SCRIPT = fileURLToPath(new URL('../../../scripts/audit.mjs', import.meta.url));

interface Audit {
  readonly code: number | null;
  readonly output: string;
  /** Paths that were POSTed to. */
  readonly asked: readonly string[];
}

/** Runs the script against a registry that answers audits so and has no packages. */
async function audit(answer: (reply: ServerResponse) => void): Promise<Audit> {
  const asked: string[] = [];
  const server = createServer((request, reply) => {
    request.resume();
    if (request.method !== 'POST') {
      reply.writeHead(404).end('{}');
      return;
    }
    asked.push(request.url ?? '');
    answer(reply);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cache = mkdtempSync(join(tmpdir(), 'everflame-audit-'));
  try {
    const registry = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const env = { ...process.env, npm_config_registry: registry, npm_config_cache: cache };
    const child = spawn(process.execPath, [SCRIPT], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    const ended = once(child, 'close') as Promise<[number | null]>;
    const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
    return { code, output: out + err, asked };
  } finally {
    server.closeAllConnections();
    server.close();
    rmSync(cache, { recursive: true, force: true });
  }
}

const json = (body: unknown) => (reply: ServerResponse) => {
  reply.setHeader('content-type', 'application/json');
  reply.end(JSON.stringify(body));
};
const advisory = (name: string, severity: string) => ({
  [name]: [
    {
      id: 1,
      url: 'https://advisories.example/1',
      title: 'Bad things happen.',
      severity,
      vulnerable_versions: '>=0.0.0',
      cwe: [],
      cvss: { score: 9, vectorString: null },
    },
  ],
});

describe('npm run audit', () => {
  it('is content with packages that nothing is known about', async () => {
    const { code, output, asked } = await audit(json({}));
    expect([code, asked]).toEqual([0, ['/-/npm/v1/security/advisories/bulk']]);
    expect(output).toBe('✓ no known vulnerability that is high or critical (0 lesser)\n');
  });

  it('fails for a serious vulnerability of what runs in production, and names it', async () => {
    const { code, output } = await audit(json(advisory('fastify', 'high')));
    expect(code).toBe(1);
    expect(output).toContain('✗ fastify, high: Bad things happen. https://advisories.example/1\n');
  });

  it('goes on with a lesser one, and counts it', async () => {
    const { code, output } = await audit(json(advisory('fastify', 'moderate')));
    expect([code, output]).toEqual([0, expect.stringMatching(/^✓ .*\([1-9]\d* lesser\)\n$/)]);
  });

  it('goes on with one of a package that is not installed in production', async () => {
    expect(await audit(json(advisory('oxlint', 'critical')))).toMatchObject({ code: 0 });
  });

  it.each([404, 405, 503])('says that nothing was audited where the registry answers %i', async (status) => {
    const { code, output } = await audit((reply) => reply.writeHead(status).end());
    expect(code).toBe(0);
    expect(output).toMatch(
      new RegExp(`^! not audited: the registry answers no audits \\(.*${status}.*\\)\n$`),
    );
  });
});
