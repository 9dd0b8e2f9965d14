import { createServer, request as httpRequest, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { once } from 'node:events';

/** What happens to the answer to an insert that ClickHouse has executed. */
export type AnswerFault = 'none' | 'status 500' | 'cut off' | 'never';

/** An HTTP proxy in front of ClickHouse that forwards every request and then fails the answers to inserts. */
export class AnswerProxy {
  fault: AnswerFault = 'none';
  /** Inserts that ClickHouse executed and whose answer was failed. */
  failed = 0;
  readonly #server: Server;

  private constructor(target: URL) {
    this.#server = createServer((incoming, outgoing) => {
      const isInsert = (incoming.url ?? '').includes('INSERT');
      const forwarded = httpRequest(
        {
          host: target.hostname,
          port: target.port,
          path: incoming.url,
          method: incoming.method,
          headers: incoming.headers,
        },
        (answer) => {
          if (!isInsert || this.fault === 'none') {
            outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
            answer.pipe(outgoing);
            return;
          }
          answer.resume();
          answer.on('end', () => {
            this.failed += 1;
            if (this.fault === 'status 500') outgoing.writeHead(500).end('<html>upstream failed</html>');
            else if (this.fault === 'cut off') outgoing.destroy();
          });
        },
      );
      forwarded.on('error', () => outgoing.destroy());
      incoming.pipe(forwarded);
    });
  }

  static async start(targetUrl: string): Promise<AnswerProxy> {
    const proxy = new AnswerProxy(new URL(targetUrl));
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
