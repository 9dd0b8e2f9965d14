import {
  createIngestClient,
  type IngestServiceClient,
  type PushRequest,
  type PushResponse__Output,
} from '@everflame/contract/grpc';
import type { Principal } from '@everflame/service-kit';
import { type ProfileSink, type ProfilePush, PushRefusedError } from '../application/ports.ts';
import { Slots } from '../application/slots.ts';

const ACK_TIMEOUT_MS = 30_000;
const MAX_IN_FLIGHT = 64;
const FIRST_BACKOFF_MS = 250;
const MAX_BACKOFF_MS = 5000;

type Call = ReturnType<IngestServiceClient['pushStream']>;

interface Pending {
  readonly call: Call;
  readonly settle: (error?: PushRefusedError) => void;
}

const KINDS = {
  interval: 'KIND_INTERVAL',
  gauge: 'KIND_GAUGE',
  cumulative: 'KIND_CUMULATIVE',
} as const;

/**
 * Pushes over one long-lived stream, at most 64 unacknowledged at a time. A broken stream fails what was unacknowledged
 * on it (retryable), and the next push opens another after a growing pause.
 */
export class IngestPushStream implements ProfileSink {
  readonly #client: IngestServiceClient;
  readonly #slots = new Slots(MAX_IN_FLIGHT);
  readonly #pending = new Map<string, Pending>();
  #call: Call | undefined;
  /** Set while the stream takes no more for now. */
  #draining: Promise<void> | undefined;
  #resume = (): void => undefined;
  #backoffMs = 0;
  /** By `performance.now()`, which no setting of the clock moves. */
  #reopenAt = 0;
  #isClosed = false;

  constructor(address: string) {
    this.#client = createIngestClient(address, {
      'grpc.initial_reconnect_backoff_ms': FIRST_BACKOFF_MS,
      'grpc.max_reconnect_backoff_ms': MAX_BACKOFF_MS,
      'grpc.keepalive_time_ms': 60_000,
    });
  }

  /** To ingest all pushes are of one principal: that of the process. */
  push(_principal: Principal, push: ProfilePush): Promise<void> {
    return this.#slots.run(async () => {
      const call = this.#open();
      while (this.#draining !== undefined) await this.#draining;
      await this.#send(call, push);
    });
  }

  /** Resolves when ingest can be reached. */
  checkReady(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#client.waitForReady(Date.now() + 1500, (error) =>
        error ? reject(new Error('ingest does not answer')) : resolve(),
      );
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#call?.end();
    this.#fail(this.#call, 'The scraper is stopping.');
    this.#call = undefined;
    this.#resume();
    this.#client.close();
  }

  #open(): Call {
    if (this.#isClosed) throw unavailable('The scraper is stopping.', 0);
    if (this.#call !== undefined) return this.#call;
    const waitMs = Math.ceil(this.#reopenAt - performance.now());
    if (waitMs > 0) throw unavailable('Ingest cannot be reached.', waitMs);
    const call = this.#client.pushStream();
    this.#call = call;
    call.on('data', (response: PushResponse__Output) => this.#acknowledge(response));
    call.on('error', (error) => this.#lose(call, error.message));
    call.on('end', () => this.#lose(call, 'ingest ended the stream'));
    return call;
  }

  #send(call: Call, push: ProfilePush): Promise<void> {
    return new Promise((resolve, reject) => {
      if (call !== this.#call) {
        reject(unavailable('The stream to ingest broke.', 0));
        return;
      }
      const late = `Ingest did not acknowledge within ${ACK_TIMEOUT_MS} ms.`;
      const timer = setTimeout(() => {
        settle(new PushRefusedError('timeout', 'ingest_timeout', late));
      }, ACK_TIMEOUT_MS);
      const settle = (error?: PushRefusedError): void => {
        clearTimeout(timer);
        this.#pending.delete(push.id);
        if (error === undefined) resolve();
        else reject(error);
      };
      this.#pending.set(push.id, { call, settle });
      if (!call.write(requestOf(push))) this.#waitForDrain(call);
    });
  }

  #waitForDrain(call: Call): void {
    const timer = setTimeout(() => {
      call.cancel();
      this.#lose(call, `ingest took nothing for ${ACK_TIMEOUT_MS} ms`);
    }, ACK_TIMEOUT_MS);
    this.#draining = new Promise((resolve) => {
      this.#resume = (): void => {
        clearTimeout(timer);
        this.#draining = undefined;
        resolve();
      };
      call.once('drain', this.#resume);
    });
  }

  #acknowledge(response: PushResponse__Output): void {
    this.#backoffMs = 0;
    const pending = this.#pending.get(response.id);
    if (pending === undefined) return;
    const { error } = response;
    if (error === null) {
      pending.settle();
      return;
    }
    pending.settle(
      new PushRefusedError(error.retryable ? 'unavailable' : 'invalid', error.code, error.message, {
        hint: error.hint === '' ? undefined : error.hint,
        retryAfterMs: error.retryAfterMs,
      }),
    );
  }

  #lose(call: Call, reason: string): void {
    if (call === this.#call) {
      this.#call = undefined;
      this.#backoffMs = Math.min(MAX_BACKOFF_MS, Math.max(FIRST_BACKOFF_MS, this.#backoffMs * 2));
      this.#reopenAt = performance.now() + this.#backoffMs;
      call.end();
      this.#resume();
    }
    this.#fail(call, `The stream to ingest broke: ${reason}`);
  }

  #fail(call: Call | undefined, reason: string): void {
    for (const pending of this.#pending.values()) {
      if (pending.call === call) pending.settle(unavailable(reason, 0));
    }
  }
}

function requestOf(push: ProfilePush): PushRequest {
  return {
    id: push.id,
    // Of one scrape and all of its attempts.
    idempotencyKey: push.id,
    labels: push.labels.entries().map(([name, value]) => ({ name, value })),
    profileName: push.profileName,
    pprof: push.pprof,
    kinds: push.kinds.map(({ sampleType, kind }) => ({ sampleType, kind: KINDS[kind] })),
    timeUnixMs: Math.round(push.timeMs),
    durationMs: Math.round(push.durationMs),
  };
}

function unavailable(message: string, retryAfterMs: number): PushRefusedError {
  return new PushRefusedError('unavailable', 'ingest_unavailable', message, { retryAfterMs });
}
