import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { CommandFailure, EXIT } from '../../exit.ts';
import type { Socket } from '../settings/settings.ts';

const POLL_MS = 200;

/**
 * Makes sure that every socket can be opened, waiting up to `waitMs` for ports that are in use.
 * Throws `CommandFailure` (5) with one sentence per port that cannot.
 */
export async function requireFreePorts(
  sockets: readonly Socket[],
  options: { waitMs?: number; onWait?: () => void } = {},
): Promise<void> {
  const deadline = performance.now() + (options.waitMs ?? 0);
  let announced = false;
  for (;;) {
    const problems = (await Promise.all(sockets.map(portProblem))).filter((problem) => problem !== undefined);
    const [first, ...rest] = problems;
    if (first === undefined) return;
    if (performance.now() >= deadline) throw new CommandFailure(EXIT.portInUse, first, rest);
    if (!announced) options.onWait?.();
    announced = true;
    await delay(POLL_MS);
  }
}

/** Why a socket cannot be opened, in one sentence, or nothing when it can. */
export async function portProblem(socket: Socket): Promise<string | undefined> {
  const code = await tryListen(socket.host, socket.port);
  const { host, port, purpose, portVariable } = socket;
  switch (code) {
    case undefined:
      return undefined;
    case 'EADDRINUSE':
      return `Port ${port} on ${host} is in use by another program; Everflame needs it for ${purpose}: end that program or set ${portVariable} to a free port.`;
    case 'EACCES':
      return `Port ${port} on ${host} may not be opened by this user; Everflame needs it for ${purpose}: set ${portVariable} to a port above 1023.`;
    default:
      return `${host}:${port} cannot be opened for ${purpose} (${code}): set another host, or ${portVariable} to another port.`;
  }
}

/** Whether nothing listens on `host:port`. */
export async function isPortFree(host: string, port: number): Promise<boolean> {
  return (await tryListen(host, port)) === undefined;
}

function tryListen(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}
