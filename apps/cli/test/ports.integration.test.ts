import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EXIT } from '../src/exit.ts';
import { portProblem, requireFreePorts } from '../src/up/preparation/ports.ts';
import type { Socket } from '../src/up/settings/settings.ts';

let server: Server;
let socket: Socket;

beforeEach(async () => {
  server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  socket = { host: '127.0.0.1', port, purpose: 'ingest over HTTP', portVariable: 'INGEST_HTTP_PORT' };
});
afterEach(() => void server.close());

describe('requireFreePorts', () => {
  it('names the port, what it is for and the variable that changes it', async () => {
    await expect(requireFreePorts([socket])).rejects.toMatchObject({
      exitCode: EXIT.portInUse,
      message: `Port ${socket.port} on 127.0.0.1 is in use by another program; Everflame needs it for ingest over HTTP: end that program or set INGEST_HTTP_PORT to a free port.`,
    });
  });

  it('waits for a port that becomes free in time', async () => {
    const waits: string[] = [];
    await requireFreePorts([socket], {
      waitMs: 30_000,
      onWait: () => {
        waits.push('announced');
        server.close();
      },
    });
    expect(waits).toEqual(['announced']);
  });

  it('leaves a free port free', async () => {
    server.close();
    await once(server, 'close');
    expect(await portProblem(socket)).toBeUndefined();
    expect(await portProblem(socket)).toBeUndefined();
  });

  it('says that a host is not one of this machine', async () => {
    expect(await portProblem({ ...socket, host: '192.0.2.1' })).toContain('EADDRNOTAVAIL');
  });
});
