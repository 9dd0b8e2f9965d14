// The transports of ingest as they are served, with nothing behind them. Started by receive.bench.ts.
import {
  Flattening,
  IngestMetrics,
  ProfileReceiver,
  readConfig,
  RowSink,
  startTransports,
} from '@everflame/ingest';
import type { FlattenedProfile, FlattenJob } from '@everflame/ingest/flatten';
import { systemClock } from '@everflame/service-kit';
import { quietLogger } from '@everflame/testkit';

const RECORD = new Uint8Array();

class NoFlattening extends Flattening {
  override flatten({ generation }: FlattenJob): Promise<FlattenedProfile> {
    return Promise.resolve({ record: RECORD, generation, accepted: [], mergedLabelSets: 0, cutStacks: 0 });
  }
}

class NoSink extends RowSink {
  override readonly generation = 0;

  override add(): Promise<void> {
    return Promise.resolve();
  }
}

const config = readConfig(process.env);
const metrics = new IngestMetrics();
const receiver = new ProfileReceiver({
  flattening: new NoFlattening(),
  sink: new NoSink(),
  limits: config.limits,
  clock: systemClock,
  observer: metrics,
});
await startTransports(config, quietLogger('warn'), {
  receiver,
  metrics,
  readinessChecks: [],
  onClose: () => Promise.resolve(),
});
process.on('disconnect', () => process.exit(0));
process.send?.('ready');
