/** How long to wait, and the words for what is awaited. */
export interface WaitOptions {
  /** Completes the sentence "waited 30000 ms in vain for …". */
  readonly what: string;
  readonly timeoutMs?: number;
  /** The least time between two tries, which grows with the time that was waited in vain. */
  readonly intervalMs?: number;
}

type Outcome<T> = T | undefined | null | false;

/**
 * Polls until `condition` yields something truthy and returns that. A condition that throws counts as not yet fulfilled.
 * A long wait is polled seldom, as tries take the processor from what is awaited.
 * Throws when the time is up, saying what was awaited and the last error.
 */
export async function waitFor<T>(
  condition: () => Promise<Outcome<T>> | Outcome<T>,
  { what, timeoutMs = 30_000, intervalMs = 20 }: WaitOptions,
): Promise<T> {
  const start = performance.now();
  let lastError: Error | undefined;
  for (;;) {
    try {
      const value = await condition();
      if (value !== undefined && value !== null && value !== false) return value;
      lastError = undefined;
    } catch (error) {
      lastError = error instanceof Error ? error : new Error(String(error));
    }
    const waitedMs = performance.now() - start;
    if (waitedMs >= timeoutMs) {
      const reason = lastError === undefined ? '' : `; last error: ${lastError.message}`;
      throw new Error(`waited ${timeoutMs} ms in vain for ${what}${reason}`, { cause: lastError });
    }
    await new Promise((resolve) => setTimeout(resolve, Math.max(intervalMs, waitedMs / 10)));
  }
}
