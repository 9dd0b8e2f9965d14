import { DomainError } from '@everflame/profile';

/** A statement that began longer ago may miss what was stored since, so that nobody joins it any more. */
const JOIN_WITHIN_MS = 1000;

interface Running {
  readonly startedMs: number;
  readonly abort: AbortController;
  readonly bytes: Promise<Buffer>;
  waiting: number;
  isDone: boolean;
}

/** Reads that are asked for several times at once run once; one is stopped when nobody waits for it any more. */
export class SharedReads {
  readonly #running = new Map<string, Running>();

  /** Throws `query_cancelled` once `signal` is aborted, and else what `read` throws. */
  async run(
    key: string,
    signal: AbortSignal | undefined,
    read: (signal: AbortSignal) => Promise<Buffer>,
  ): Promise<Buffer> {
    if (signal?.aborted === true) throw cancelled();
    const running = this.#joinable(key) ?? this.#start(key, read);
    running.waiting++;
    try {
      return await untilAborted(running.bytes, signal);
    } finally {
      running.waiting--;
      if (running.waiting === 0 && !running.isDone) running.abort.abort();
    }
  }

  #joinable(key: string): Running | undefined {
    const running = this.#running.get(key);
    if (running === undefined || running.abort.signal.aborted) return undefined;
    return performance.now() - running.startedMs < JOIN_WITHIN_MS ? running : undefined;
  }

  #start(key: string, read: (signal: AbortSignal) => Promise<Buffer>): Running {
    const abort = new AbortController();
    const bytes = read(abort.signal).finally(() => {
      running.isDone = true;
      if (this.#running.get(key) === running) this.#running.delete(key);
    });
    // Everybody may have left by the time it fails.
    bytes.catch(() => undefined);
    const running: Running = { startedMs: performance.now(), abort, bytes, waiting: 0, isDone: false };
    this.#running.set(key, running);
    return running;
  }
}

async function untilAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  let onAbort: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(cancelled());
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    if (onAbort !== undefined) signal.removeEventListener('abort', onAbort);
  }
}

export function cancelled(): DomainError {
  return new DomainError('unavailable', 'query_cancelled', 'Nobody waits for this query any more.');
}
