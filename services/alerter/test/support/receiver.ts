import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface Received {
  readonly method: string;
  readonly path: string;
  readonly authorization: string | undefined;
  readonly body: string;
}

/** A real HTTP server that remembers what it gets; `answer` says what it replies. */
export interface Receiver {
  readonly url: string;
  readonly received: Received[];
  answer: (reply: ServerResponse, request: Received) => void;
  close(): Promise<void>;
}

export async function startReceiver(
  answer: Receiver['answer'] = (reply) => reply.end('ok'),
): Promise<Receiver> {
  const received: Received[] = [];
  const handle = async (request: IncomingMessage, reply: ServerResponse): Promise<void> => {
    const { method = '', url: path = '', headers } = request;
    const entry = { method, path, authorization: headers.authorization, body: await text(request) };
    received.push(entry);
    receiver.answer(reply, entry);
  };
  const server = createServer((request, reply) => void handle(request, reply));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const receiver: Receiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    answer,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return receiver;
}
