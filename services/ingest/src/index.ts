/** The parts of ingest that benchmarks run without the rest. */
export { FlattenPool } from './adapters/flatten-pool.ts';
export { IngestMetrics } from './adapters/metrics.ts';
export { Flattening } from './application/flatten/flatten-job.ts';
export { ProfileReceiver } from './application/receive-profile.ts';
export { RowSink } from './application/record/row-sink.ts';
export { readConfig } from './config.ts';
export { startTransports } from './push/start-transports.ts';
