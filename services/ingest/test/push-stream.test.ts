import { Duplex } from 'node:stream';
import type { PushResponse } from '@everflame/contract/grpc';
import type { ServerDuplexStream } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import type { PushMessage } from '../src/push/everflame/grpc/push-message.ts';
import { PushStream } from '../src/push/everflame/grpc/push-stream.ts';

type Call = ServerDuplexStream<PushMessage, PushResponse>;

/** A stream of pushes whose answers are taken when the test says so. */
class TestCall extends Duplex {
  readonly cancelled = false;
  readonly answers: PushResponse[] = [];
  private sent = 0;
  private isReading: boolean;
  private takeAnswer: (() => void) | undefined;
  private readonly count: number;
  private readonly bytes: number;

  constructor(count: number, options: { isReading: boolean; bytes?: number }) {
    super({ objectMode: true });
    this.count = count;
    this.bytes = options.bytes ?? 1;
    this.isReading = options.isReading;
  }

  override _read(): void {
    if (this.sent === this.count) this.push(null);
    else this.push({ id: String(this.sent++), messageBytes: this.bytes });
  }

  override _write(answer: PushResponse, _: BufferEncoding, done: () => void): void {
    this.answers.push(answer);
    if (this.isReading) done();
    else this.takeAnswer = done;
  }

  /** The client begins to read answers. */
  readOn(): void {
    this.isReading = true;
    this.takeAnswer?.();
  }
}

/** Lets everything happen that can happen without anything from outside. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 3000; turn++) await new Promise((resolve) => setImmediate(resolve));
}

function serve(
  call: TestCall,
  push: (message: PushMessage) => Promise<PushResponse>,
): { readonly taken: number } {
  const state = { taken: 0 };
  new PushStream(call as unknown as Call, (message) => {
    state.taken += 1;
    return push(message);
  }).start();
  return state;
}

const answer = ({ id }: PushMessage): Promise<PushResponse> => Promise.resolve({ id, accepted: [] });

describe('a stream of pushes', () => {
  it('answers every message and ends after the last one', async () => {
    const call = new TestCall(3000, { isReading: true });
    serve(call, answer);
    await new Promise((resolve) => call.once('finish', resolve));
    expect(new Set(call.answers.map(({ id }) => id)).size).toBe(3000);
  });

  it('is not read on while its answers are not read, and goes on when they are', async () => {
    const call = new TestCall(10_000, { isReading: false });
    const state = serve(call, answer);
    await settle();
    const taken = state.taken;
    expect(taken).toBeLessThanOrEqual(1024);
    await settle();
    expect(state.taken).toBe(taken);
    call.readOn();
    await new Promise((resolve) => call.once('finish', resolve));
    expect(call.answers).toHaveLength(10_000);
  });

  it.each([
    ['messages', 1, 1024],
    ['bytes', 1 << 20, 4],
  ])('takes a bounded number of %s that are not answered yet', async (_, bytes, most) => {
    const call = new TestCall(2000, { isReading: true, bytes });
    const waiting: (() => void)[] = [];
    const state = serve(call, async ({ id }) => {
      await new Promise<void>((resolve) => waiting.push(resolve));
      return { id, accepted: [] };
    });
    await settle();
    expect(state.taken).toBe(most);
    while (!call.writableFinished) {
      for (const resolve of waiting.splice(0)) resolve();
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(call.answers).toHaveLength(2000);
  });
});
