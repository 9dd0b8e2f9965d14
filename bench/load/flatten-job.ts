import type { FlattenJob } from '@everflame/ingest/flatten';

const LABELS: FlattenJob['labels'] = [
  ['env', 'production'],
  ['instance', 'checkout-7d9f-x2x4k'],
  ['region', 'eu-west-1'],
  ['service_name', 'checkout'],
  ['version', '2.41.0'],
];

/** A job as the receiver makes it; profiles with another generation are written with all of their dictionary rows. */
export function jobOf(pprof: Uint8Array, generation = 0): FlattenJob {
  const nowMs = Date.now();
  return {
    tenant: 'default',
    labels: LABELS,
    profileName: '',
    pprof,
    timeMs: nowMs,
    durationMs: 15_000,
    kinds: new Map(),
    idempotencyKey: '',
    nowMs,
    generation,
  };
}
