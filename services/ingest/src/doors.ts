/** What the benchmark of the doors runs of this service. */
export { IngestMetrics } from './adapters/metrics.ts';
export { Flattening } from './application/flatten/flatten-job.ts';
export { ProfileReceiver } from './application/receive-profile.ts';
export { RowSink } from './application/record/row-sink.ts';
export { readConfig } from './config.ts';
export { openDoors } from './push/open-transports.ts';
