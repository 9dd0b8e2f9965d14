import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A real HTTP server on the loopback interface that is scraped, and remembers what was asked. */
export class FakeTarget {
  readonly requests: string[] = [];
  readonly #server: Server;

  private constructor(handle: RequestListener) {
    this.#server = createServer((request, response) => {
      this.requests.push(request.url ?? '');
      handle(request, response);
    });
  }

  static async start(handle: RequestListener): Promise<FakeTarget> {
    const target = new FakeTarget(handle);
    target.#server.listen(0, '127.0.0.1');
    await once(target.#server, 'listening');
    return target;
  }

  /** `host:port` */
  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get url(): string {
    return `http://${this.address}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

/** The path of a request without its query. */
export function pathOf(request: IncomingMessage): string {
  return new URL(request.url ?? '/', 'http://localhost').pathname;
}
