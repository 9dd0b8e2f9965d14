import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Passes HTTP requests on and keeps their bodies: the SQL text as it is sent, apart from its parameters. */
export class RecordingProxy {
  readonly bodies: string[] = [];
  #server: Server | undefined;

  /** Starts in front of a server and answers its own address. */
  async start(target: string): Promise<string> {
    this.#server = createServer((incoming, outgoing) => {
      const chunks: Buffer[] = [];
      const options = { method: incoming.method, headers: incoming.headers };
      const forwarded = request(new URL(incoming.url ?? '/', target), options, (answer) => {
        outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(outgoing);
      });
      forwarded.on('error', () => outgoing.destroy());
      outgoing.on('close', () => forwarded.destroy());
      incoming.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        forwarded.write(chunk);
      });
      incoming.on('end', () => {
        this.bodies.push(Buffer.concat(chunks).toString('utf8'));
        forwarded.end();
      });
    });
    await new Promise<void>((resolve) => this.#server?.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server?.closeAllConnections();
    await new Promise((resolve) => this.#server?.close(resolve));
  }
}
