import { Counter, createMetrics, Gauge, Histogram, type Registry } from '@everflame/service-kit';

/** Metrics of the ingest service. */
export class IngestMetrics {
  readonly registry: Registry = createMetrics('everflame-ingest');
  readonly profiles = new Counter({
    name: 'everflame_ingest_profiles_total',
    help: 'Profiles by door and outcome: accepted, or the code of the refusal.',
    labelNames: ['door', 'outcome'] as const,
    registers: [this.registry],
  });
  readonly receivedBytes = new Counter({
    name: 'everflame_ingest_received_bytes_total',
    help: 'Bytes of profiles as they were sent.',
    labelNames: ['door'] as const,
    registers: [this.registry],
  });
  readonly seconds = new Histogram({
    name: 'everflame_ingest_push_duration_seconds',
    help: 'From receiving a profile to its acknowledgement.',
    buckets: [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers: [this.registry],
  });
  readonly pendingBytes = new Gauge({
    name: 'everflame_ingest_pending_bytes',
    help: 'Bytes of rows that wait for storage.',
    registers: [this.registry],
  });
}
