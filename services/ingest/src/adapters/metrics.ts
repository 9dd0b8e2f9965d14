import type { FlattenedProfile } from '../application/flatten/flatten-job.ts';
import type { ReceiverObserver } from '../application/receive-profile.ts';
import { Counter, createMetrics, Histogram, type Registry } from '@everflame/service-kit';

const TRANSPORTS = ['grpc', 'http'] as const;
export type Transport = (typeof TRANSPORTS)[number];

/** Metrics of the ingest service. */
export class IngestMetrics implements ReceiverObserver {
  readonly registry: Registry = createMetrics('everflame-ingest');
  readonly lostThreads = new Counter({
    name: 'everflame_ingest_lost_threads_total',
    help: 'Flattening threads that ended over a profile and were replaced.',
    registers: [this.registry],
  });

  readonly mergedLabelSets = new Counter({
    name: 'everflame_ingest_folded_label_sets_total',
    help: 'Sets of sample labels that were over a limit and summed into the series without them.',
    registers: [this.registry],
  });
  readonly cutStacks = new Counter({
    name: 'everflame_ingest_cut_stacks_total',
    help: 'Stacks whose leaf side was cut because they were too deep.',
    registers: [this.registry],
  });
  readonly closedConnections = new Counter({
    name: 'everflame_ingest_closed_connections_total',
    help: 'Connections that were closed by the limit that is the reason.',
    labelNames: ['transport', 'reason'] as const,
    registers: [this.registry],
  });

  readonly #repeatedPushes = new Counter({
    name: 'everflame_ingest_repeated_pushes_total',
    help: 'Pushes without a time that were recognised as repeated, and take the place of the first.',
    registers: [this.registry],
  });

  /** What happens with every push is counted here, and added to the counters, which take longer, when they are read. */
  readonly #tallies = {
    grpc: { accepted: 0, bytes: 0 },
    http: { accepted: 0, bytes: 0 },
  };
  readonly #profiles = new Counter({
    name: 'everflame_ingest_profiles_total',
    help: 'Profiles by transport and outcome: accepted, or the code of the refusal.',
    labelNames: ['transport', 'outcome'] as const,
    registers: [this.registry],
    collect: () => this.#addTallies(),
  });
  readonly #receivedBytes = new Counter({
    name: 'everflame_ingest_received_bytes_total',
    help: 'Bytes of profiles as they were sent.',
    labelNames: ['transport'] as const,
    registers: [this.registry],
    collect: () => this.#addTallies(),
  });
  readonly #seconds = new Histogram({
    name: 'everflame_ingest_push_duration_seconds',
    help: 'From receiving a profile to its acknowledgement.',
    buckets: [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers: [this.registry],
  });

  /** A profile of so many bytes came in. */
  received(transport: Transport, bytes: number): void {
    this.#tallies[transport].bytes += bytes;
  }

  /** It was made durable, after so many seconds. */
  accepted(transport: Transport, seconds: number): void {
    this.#tallies[transport].accepted += 1;
    this.#seconds.observe(seconds);
  }

  /** It was refused for the reason that `code` names, after so many seconds where it was tried at all. */
  refused(transport: Transport, code: string, seconds?: number): void {
    this.#profiles.inc({ transport, outcome: code });
    if (seconds !== undefined) this.#seconds.observe(seconds);
  }

  #addTallies(): void {
    for (const transport of TRANSPORTS) {
      const tally = this.#tallies[transport];
      if (tally.accepted > 0) this.#profiles.inc({ transport, outcome: 'accepted' }, tally.accepted);
      if (tally.bytes > 0) this.#receivedBytes.inc({ transport }, tally.bytes);
      tally.accepted = 0;
      tally.bytes = 0;
    }
  }

  flattened({ mergedLabelSets, cutStacks }: FlattenedProfile): void {
    if (mergedLabelSets > 0) this.mergedLabelSets.inc(mergedLabelSets);
    if (cutStacks > 0) this.cutStacks.inc(cutStacks);
  }

  repeated(): void {
    this.#repeatedPushes.inc();
  }
}
