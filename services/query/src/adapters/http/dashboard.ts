import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import staticFiles from '@fastify/static';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';

const CONTENT_SECURITY_POLICY =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; object-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/**
 * Serves the built dashboard: its files, and its page for every path of the app. Paths of the API stay with the API.
 * Without a build in `directory` a plain page says what to do.
 */
export async function serveDashboard(app: NestFastifyApplication, directory: string): Promise<void> {
  const fastify = app.getHttpAdapter().getInstance();
  const page = join(directory, 'index.html');
  if (existsSync(join(directory, 'assets'))) {
    await app.register(staticFiles, {
      root: join(directory, 'assets'),
      prefix: '/assets/',
      immutable: true,
      maxAge: '365d',
    });
  }
  const sendPage = async (_request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const html = existsSync(page) ? await readFile(page, 'utf8') : NOT_BUILT;
    await reply
      .type('text/html; charset=utf-8')
      .header('cache-control', 'no-cache')
      .header('content-security-policy', CONTENT_SECURITY_POLICY)
      .send(html);
  };
  for (const path of ['/', '/services', '/services/*', '/compare', '/alerts', '/targets'])
    fastify.get(path, sendPage);
}

const NOT_BUILT = `<!doctype html><title>Everflame</title>
<p>The dashboard is not built. Run <code>npm run build</code> and reload.</p>`;
