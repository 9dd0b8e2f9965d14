import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** What a fault proxy does to its connections, open and new. */
export type FaultMode =
  | { readonly kind: 'pass' }
  /** Nobody listens on the port, and open connections are reset. */
  | { readonly kind: 'refuse' }
  /** Connections are accepted and nothing arrives, in either direction, until the mode changes. */
  | { readonly kind: 'blackhole' }
  /** Every chunk arrives late, in order. */
  | { readonly kind: 'delay'; readonly delayMs: number };

/** A TCP proxy on the loopback interface in front of a port, for tests of how a client bears faults. */
export class FaultProxy {
  readonly port: number;
  readonly #target: { readonly host: string; readonly port: number };
  readonly #sockets = new Set<Socket>();
  #server: Server;
  #mode: FaultMode = { kind: 'pass' };
  readonly #onModeChange: (() => void)[] = [];
  #bytesToTarget = 0;

  private constructor(server: Server, target: { host: string; port: number }) {
    this.#server = server;
    this.#target = target;
    this.port = (server.address() as AddressInfo).port;
    server.on('connection', (socket) => this.#accept(socket));
  }

  /** Starts in mode `pass`. */
  static async start(targetPort: number, targetHost = '127.0.0.1'): Promise<FaultProxy> {
    return new FaultProxy(await listen(0), { host: targetHost, port: targetPort });
  }

  /** What was passed on to the port so far. */
  get bytesToTarget(): number {
    return this.#bytesToTarget;
  }

  async setMode(mode: FaultMode): Promise<void> {
    const previous = this.#mode;
    this.#mode = mode;
    if (mode.kind === 'refuse' && previous.kind !== 'refuse') await this.#shut();
    if (mode.kind !== 'refuse' && previous.kind === 'refuse') {
      this.#server = await listen(this.port);
      this.#server.on('connection', (socket) => this.#accept(socket));
    }
    for (const resume of this.#onModeChange.splice(0)) resume();
  }

  async close(): Promise<void> {
    await this.setMode({ kind: 'refuse' });
  }

  async #shut(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#sockets) socket.resetAndDestroy();
    await closed;
  }

  #accept(client: Socket): void {
    const upstream = connect(this.#target);
    for (const socket of [client, upstream]) {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => this.#sockets.delete(socket));
    }
    void this.#forward(client, upstream, (bytes) => (this.#bytesToTarget += bytes));
    void this.#forward(upstream, client);
  }

  async #forward(from: Socket, to: Socket, onBytes?: (bytes: number) => void): Promise<void> {
    try {
      for await (const chunk of from) {
        await this.#permission();
        onBytes?.((chunk as Buffer).length);
        if (!to.write(chunk as Buffer)) await once(to, 'drain');
      }
      await this.#permission();
      to.end();
    } catch {
      to.resetAndDestroy();
    }
  }

  async #permission(): Promise<void> {
    while (this.#mode.kind === 'blackhole')
      await new Promise<void>((resume) => this.#onModeChange.push(resume));
    if (this.#mode.kind === 'delay') await sleep(this.#mode.delayMs);
  }
}

async function listen(port: number): Promise<Server> {
  const server = createServer();
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
}
