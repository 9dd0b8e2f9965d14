import { connect, type Socket } from 'node:net';

/** A connection on which the test writes bytes of its own choice. */
export class RawSocket {
  readonly socket: Socket;
  received = '';
  readonly #closed: Promise<void>;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (bytes) => (this.received += bytes.toString('latin1')));
    socket.on('error', () => undefined);
    this.#closed = new Promise((resolve) => socket.once('close', () => resolve()));
  }

  /** `localAddress` is whom it comes from. */
  static open(port: number, localAddress = '127.0.0.1'): Promise<RawSocket> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', localAddress });
      const raw = new RawSocket(socket);
      socket.once('connect', () => resolve(raw));
      socket.once('error', reject);
    });
  }

  send(bytes: string | Uint8Array): this {
    this.socket.write(bytes);
    return this;
  }

  /** What was answered until the other end closed the connection. */
  async untilClosed(): Promise<string> {
    await this.#closed;
    return this.received;
  }

  destroy(): void {
    this.socket.destroy();
  }
}

/** Status and code of an answer. */
export function outcomeOf(answer: string): readonly [status: number, code: string] {
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0);
  return [status, /"code":"([a-z_]+)"/.exec(answer)?.[1] ?? ''];
}
