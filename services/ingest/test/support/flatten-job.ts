import type { FlattenJob } from '../../src/application/flatten/flatten-job.ts';

/** A job with everything set that a test does not care about. */
export function jobOf(pprof: Uint8Array, changes: Partial<FlattenJob> = {}): FlattenJob {
  const nowMs = Date.now();
  return {
    tenant: 'default',
    labels: [['service_name', 'shop']],
    profileName: '',
    pprof,
    timeMs: nowMs,
    durationMs: 0,
    kinds: new Map(),
    idempotencyKey: '',
    nowMs,
    generation: 0,
    ...changes,
  };
}
