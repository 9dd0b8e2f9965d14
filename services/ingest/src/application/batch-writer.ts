import { randomUUID } from 'node:crypto';
import { DomainError, UnavailableError } from '@everflame/profile';
import { type EncodedBatch, encodeBatch, ProfileBatch } from '@everflame/storage';
import type { Logger } from '@everflame/service-kit';
import type { ProfileStore } from './profile-store.ts';

const RETRY_BASE_MS = 100;
const RETRY_MAX_MS = 5000;
const MAX_ATTEMPTS = 8;
/** Once the process is stopping: what is not acknowledged is sent again by the pusher. */
const MAX_ATTEMPTS_STOPPING = 2;

export interface BatchWriterOptions {
  readonly flushIntervalMs: number;
  readonly flushBytes: number;
  /** Bytes of rows that may wait for the store; more are refused, retryable. */
  readonly maxPendingBytes: number;
}

class PrecedingBatchLostError extends UnavailableError {
  constructor() {
    super('storage_unavailable', 'Storage refused an earlier batch.', { hint: 'Send the profile again.' });
  }
}

interface OpenBatch {
  readonly rows: ProfileBatch;
  readonly token: string;
  /** Batches of one generation may rely on each other's dictionary rows. */
  readonly generation: number;
  readonly stored: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Gathers rows into batches and stores one batch after the other. `add` resolves when its rows are durable, so an
 * acknowledged push is never lost: what was not stored when the process dies was not acknowledged either.
 */
export class BatchWriter {
  private open: OpenBatch | undefined;
  private timer: NodeJS.Timeout | undefined;
  private tail: Promise<void> = Promise.resolve();
  private pendingBytes = 0;
  private generation = 0;
  private maxAttempts = MAX_ATTEMPTS;
  private consecutiveFailures = 0;
  private lastFailure = '';
  private readonly store: ProfileStore;
  private readonly options: BatchWriterOptions;
  private readonly logger: Logger;
  /** Called when a batch could not be stored: dictionary rows (frames, stacks) that were thought written are missing. */
  private readonly onLost: () => void;

  constructor(store: ProfileStore, options: BatchWriterOptions, logger: Logger, onLost: () => void) {
    this.store = store;
    this.options = options;
    this.logger = logger;
    this.onLost = onLost;
  }

  /** Appends rows by calling `append` with the open batch; resolves when they are durable. */
  async add(append: (rows: ProfileBatch) => void): Promise<void> {
    if (this.pendingBytes > this.options.maxPendingBytes) {
      throw new DomainError('exhausted', 'ingest_overloaded', 'Too many profiles wait for storage.', {
        hint: 'Send the profile again after the retry delay.',
      });
    }
    const batch = (this.open ??= this.openBatch());
    const before = batch.rows.bytes;
    append(batch.rows);
    this.pendingBytes += batch.rows.bytes - before;
    if (batch.rows.bytes >= this.options.flushBytes) this.flush();
    await batch.stored;
  }

  /** Why writes fail at present; empty when they do not. */
  get failure(): string {
    return this.consecutiveFailures > 0 ? this.lastFailure : '';
  }

  get bytesWaiting(): number {
    return this.pendingBytes;
  }

  /** For the end of the process: stores what is open and waits until everything is stored or refused. */
  async drain(): Promise<void> {
    this.maxAttempts = MAX_ATTEMPTS_STOPPING;
    this.flush();
    await this.tail;
  }

  private openBatch(): OpenBatch {
    const { promise, resolve, reject } = deferred();
    promise.catch(() => undefined);
    this.timer = setTimeout(() => this.flush(), this.options.flushIntervalMs);
    return {
      rows: new ProfileBatch(),
      token: randomUUID(),
      generation: this.generation,
      stored: promise,
      resolve,
      reject,
    };
  }

  private flush(): void {
    const batch = this.open;
    if (batch === undefined) return;
    clearTimeout(this.timer);
    this.open = undefined;
    const bytes = batch.rows.bytes;
    const encoded = encodeBatch(batch.rows);
    this.tail = this.tail.then(async () => {
      try {
        if (batch.generation !== this.generation) throw new PrecedingBatchLostError();
        await this.insertWithRetry(encoded, batch.token);
        batch.resolve();
      } catch (error) {
        if (batch.generation === this.generation) this.startOver();
        batch.reject(error);
      } finally {
        this.pendingBytes -= bytes;
      }
    });
  }

  /** Everything that waits was built on dictionary rows that are lost now; it is refused and sent again by the pusher. */
  private startOver(): void {
    this.generation += 1;
    this.onLost();
    this.flush();
  }

  private async insertWithRetry(encoded: EncodedBatch, token: string): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        await this.store.insert(encoded, token);
        this.consecutiveFailures = 0;
        return;
      } catch (error) {
        this.consecutiveFailures += 1;
        this.lastFailure = error instanceof Error ? error.message : String(error);
        const isFinal = attempt >= this.maxAttempts || !(error instanceof DomainError && error.isRetryable);
        this.logger.warn({ err: error, attempt, isFinal, token }, 'storing a batch failed');
        if (isFinal) throw error;
        const delay = Math.min(RETRY_MAX_MS, RETRY_BASE_MS * 2 ** attempt) * (0.5 + Math.random() / 2);
        await new Promise((resolve) => setTimeout(resolve, delay));
      }
    }
  }
}

function deferred(): { promise: Promise<void>; resolve: () => void; reject: (error: unknown) => void } {
  let resolve: () => void = () => undefined;
  let reject: (error: unknown) => void = () => undefined;
  const promise = new Promise<void>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}
