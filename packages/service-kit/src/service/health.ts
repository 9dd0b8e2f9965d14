import { setTimeout as sleep } from 'node:timers/promises';

/**
 * One condition for the service to do its work. `check` throws with the reason where it is not met, and may answer a
 * remark that is shown although it is met.
 */
export interface ReadinessCheck {
  readonly name: string;
  check(): Promise<string | void>;
}

const CHECK_TIMEOUT_MS = 2000;

/** Runs all checks side by side; one that does not answer within 2 s has failed. */
export async function readinessOf(checks: readonly ReadinessCheck[]) {
  const results = await Promise.all(
    checks.map(async (check) => [check.name, await outcomeOf(check)] as const),
  );
  return {
    ready: results.every(([, { isMet }]) => isMet),
    checks: Object.fromEntries(results.map(([name, { text }]) => [name, text])),
  };
}

async function outcomeOf(check: ReadinessCheck): Promise<{ readonly isMet: boolean; readonly text: string }> {
  try {
    const remark = await Promise.race([check.check(), failLate()]);
    return { isMet: true, text: remark ?? 'ok' };
  } catch (error) {
    return { isMet: false, text: error instanceof Error ? error.message : String(error) };
  }
}

async function failLate(): Promise<never> {
  await sleep(CHECK_TIMEOUT_MS, undefined, { ref: false });
  throw new Error(`no answer within ${CHECK_TIMEOUT_MS} ms`);
}
