import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { webhookPayloadSchema, type WebhookPayload } from '@everflame/contract';

/** A real webhook receiver; keeps what was sent, checked against the contract. */
export class WebhookReceiver {
  readonly payloads: WebhookPayload[] = [];
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        this.payloads.push(webhookPayloadSchema.parse(JSON.parse(Buffer.concat(chunks).toString('utf8'))));
        response.end('ok');
      });
    });
  }

  static async start(): Promise<WebhookReceiver> {
    const receiver = new WebhookReceiver();
    await new Promise<void>((resolve) => receiver.#server.listen(0, '127.0.0.1', resolve));
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/hook`;
  }

  /** The first notification of a status for a service. */
  find(status: 'firing' | 'resolved', service: string): WebhookPayload | undefined {
    return this.payloads.find(
      (payload) => payload.status === status && payload.everflame.labels['service_name'] === service,
    );
  }

  close(): void {
    this.#server.close();
  }
}
