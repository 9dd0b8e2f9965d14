import type { PushResponse } from '@everflame/contract/grpc';
import type { ServerDuplexStream } from '@grpc/grpc-js';
import type { PushMessage } from './push-message.ts';

/**
 * Profiles of one stream that are worked on at a time, and their bytes; beyond either the stream is not read. Enough to
 * keep all threads busy: more would only wait here, and be answered later.
 */
const MAX_IN_FLIGHT = 1024;
const MAX_BYTES_IN_FLIGHT = 4 * 1024 * 1024;

/**
 * Answers every message of a stream, in any order. A stream whose answers are not read is not read either, so what it
 * takes is bounded.
 */
export class PushStream {
  readonly #call: ServerDuplexStream<PushMessage, PushResponse>;
  readonly #push: (message: PushMessage) => Promise<PushResponse>;
  #inFlight = 0;
  #bytes = 0;
  #isEnded = false;
  #isBlocked = false;

  /** `push` must not reject. */
  constructor(
    call: ServerDuplexStream<PushMessage, PushResponse>,
    push: (message: PushMessage) => Promise<PushResponse>,
  ) {
    this.#call = call;
    this.#push = push;
  }

  start(): void {
    const call = this.#call;
    call.on('data', (message: PushMessage) => void this.#take(message));
    call.on('drain', () => {
      this.#isBlocked = false;
      this.#readOn();
    });
    call.on('end', () => {
      this.#isEnded = true;
      this.#endWhenDone();
    });
    // A client that goes away takes its unanswered pushes with it; they may still be stored.
    call.on('error', () => undefined);
  }

  async #take(message: PushMessage): Promise<void> {
    const bytes = message.messageBytes;
    this.#inFlight += 1;
    this.#bytes += bytes;
    if (this.#isFull) this.#call.pause();
    const response = await this.#push(message);
    this.#inFlight -= 1;
    this.#bytes -= bytes;
    if (this.#call.cancelled || this.#call.destroyed) return;
    if (!this.#call.write(response)) this.#isBlocked = true;
    this.#endWhenDone();
    this.#readOn();
  }

  get #isFull(): boolean {
    return this.#isBlocked || this.#inFlight >= MAX_IN_FLIGHT || this.#bytes >= MAX_BYTES_IN_FLIGHT;
  }

  #readOn(): void {
    if (!this.#isFull) this.#call.resume();
    else this.#call.pause();
  }

  #endWhenDone(): void {
    if (this.#isEnded && this.#inFlight === 0) this.#call.end();
  }
}
