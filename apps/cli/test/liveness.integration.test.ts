import { createServer as createHttpServer } from 'node:http';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { freePort } from '@everflame/testkit';
import { afterEach, describe, expect, it } from 'vitest';
import { answersHttp } from '../src/up/processes/processes.ts';

const TIMEOUT_MS = 500;

describe('answersHttp', () => {
  const servers: Server[] = [];
  afterEach(async () => {
    for (const server of servers.splice(0)) await new Promise((closed) => server.close(closed));
  });

  async function urlOf(server: Server): Promise<string> {
    servers.push(server);
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/healthz`;
  }

  it.each([
    [200, true],
    [421, true],
    [503, false],
  ])('takes an answer with status %i for life: %s', async (status, isAlive) => {
    const url = await urlOf(createHttpServer((_, response) => response.writeHead(status).end()));
    expect(await answersHttp(url, TIMEOUT_MS)).toBe(isAlive);
  });

  it('takes a connection that is reset for life, as a door that is full resets', async () => {
    const url = await urlOf(createServer((socket) => socket.resetAndDestroy()));
    expect(await answersHttp(url, TIMEOUT_MS)).toBe(true);
  });

  it('takes a connection that is closed without an answer for life', async () => {
    const url = await urlOf(createServer((socket) => socket.destroy()));
    expect(await answersHttp(url, TIMEOUT_MS)).toBe(true);
  });

  it('does not take silence, or a port that nobody listens on, for life', async () => {
    const url = await urlOf(createServer((socket) => setTimeout(() => socket.destroy(), TIMEOUT_MS * 4)));
    expect(await answersHttp(url, TIMEOUT_MS)).toBe(false);
    expect(await answersHttp(`http://127.0.0.1:${await freePort()}/healthz`, TIMEOUT_MS)).toBe(false);
  });
});
