import { DomainError } from '@everflame/profile';
import type { Logger } from '@everflame/service-kit';
import type { AcceptedType, IncomingProfile } from '../application/incoming-profile.ts';
import { clientOf, type StreamLimits } from '../application/limits/stream-limits.ts';
import type { ProfileReceiver } from '../application/receive-profile.ts';
import type { Door, IngestMetrics } from '../adapters/metrics.ts';

/** Where a profile came in: the door, and the other end of the connection as `host:port`. */
export interface Arrival {
  readonly door: Door;
  readonly peer: string;
  /** Bytes of the message that it came in. */
  readonly messageBytes: number;
}

/** Told of every message that has arrived completely. */
export interface Arrivals {
  settle(peer: string, bytes: number): void;
}

export interface ClientLimits {
  readonly streams: StreamLimits;
  readonly connections: Arrivals;
}

/** What all doors share: receive, count by outcome, log what is not the pusher's fault. */
export class PushDoor {
  private readonly receiver: ProfileReceiver;
  private readonly metrics: IngestMetrics;
  private readonly logger: Logger;
  private readonly streams: StreamLimits;
  private readonly connections: Arrivals;

  constructor(
    receiver: ProfileReceiver,
    metrics: IngestMetrics,
    logger: Logger,
    { streams, connections }: ClientLimits,
  ) {
    this.receiver = receiver;
    this.metrics = metrics;
    this.logger = logger;
    this.streams = streams;
    this.connections = connections;
    metrics.watchStreams(() => streams.count);
  }

  /** Counts a stream of a client; call what it returns when it has ended. Throws when the client has too many. */
  openStream(client: string): () => void {
    try {
      return this.streams.open(client);
    } catch (error) {
      if (error instanceof DomainError) this.metrics.refused('grpc', error.code);
      throw error;
    }
  }

  /** Runs `parse` and stores its profile; whatever goes wrong is counted under its code and thrown on. */
  async push(
    { door, peer, messageBytes }: Arrival,
    bytes: number,
    parse: () => IncomingProfile,
  ): Promise<readonly AcceptedType[]> {
    this.connections.settle(peer, messageBytes);
    const start = performance.now();
    this.metrics.received(door, bytes);
    try {
      const accepted = await this.receiver.receive(parse(), clientOf(peer));
      this.metrics.accepted(door, (performance.now() - start) / 1000);
      return accepted;
    } catch (error) {
      const code = error instanceof DomainError ? error.code : 'internal';
      this.metrics.refused(door, code, (performance.now() - start) / 1000);
      if (!(error instanceof DomainError))
        this.logger.error({ err: error, door }, 'receiving a profile failed');
      throw error;
    }
  }
}
