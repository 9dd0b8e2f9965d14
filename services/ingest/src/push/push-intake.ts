import { DomainError } from '@everflame/profile';
import { type Authenticate, type Logger, type Principal, watchGauge } from '@everflame/service-kit';
import type { IngestMetrics, Transport } from '../adapters/metrics.ts';
import type { AcceptedType, IncomingProfile } from '../application/incoming-profile.ts';
import type { ReceiveBudget } from '../application/limits/receive-budget.ts';
import { clientOf, type StreamLimits } from '../application/limits/stream-limits.ts';
import type { ProfileReceiver } from '../application/receive-profile.ts';

/** How a push came in. */
export interface Arrival {
  readonly transport: Transport;
  /** The other end of the connection, as `host:port`. */
  readonly peer: string;
  /** Bytes of the message, and of the profile in it. */
  readonly messageBytes: number;
  readonly profileBytes: number;
}

export interface IntakeOptions {
  readonly authenticate: Authenticate;
  readonly receiver: ProfileReceiver;
  readonly metrics: IngestMetrics;
  readonly logger: Logger;
  readonly streams: StreamLimits;
  /** Told of every message that has arrived completely. */
  readonly arriving: Pick<ReceiveBudget, 'settle'>;
}

/** Where the pushes of all protocols meet: hands each to the receiver, counts it, and logs what is no fault of its sender. */
export class PushIntake {
  readonly #options: IntakeOptions;

  constructor(options: IntakeOptions) {
    this.#options = options;
    const { metrics, streams } = options;
    const help = 'Streams of profiles that are open.';
    watchGauge(metrics.registry, 'everflame_ingest_open_streams', help, () => streams.count);
  }

  /** Makes the principal of a call that has this `authorization`. */
  callerOf(authorization: string | undefined): Principal {
    return this.#options.authenticate({ authorization });
  }

  /** Counts a stream of a client; call what it returns when it has ended. Throws when the client has too many. */
  openStream(client: string): () => void {
    try {
      return this.#options.streams.open(client);
    } catch (error) {
      if (error instanceof DomainError) this.#options.metrics.refused('grpc', error.code);
      throw error;
    }
  }

  /** Stores the profile that `parse` makes; whatever goes wrong is counted under its code and thrown on. */
  async push(
    caller: Principal,
    { transport, peer, messageBytes, profileBytes }: Arrival,
    parse: () => IncomingProfile,
  ): Promise<readonly AcceptedType[]> {
    const { receiver, metrics, logger, arriving } = this.#options;
    arriving.settle(peer, messageBytes);
    const start = performance.now();
    metrics.received(transport, profileBytes);
    try {
      const accepted = await receiver.receive(caller, parse(), clientOf(peer));
      metrics.accepted(transport, (performance.now() - start) / 1000);
      return accepted;
    } catch (error) {
      const code = error instanceof DomainError ? error.code : 'internal';
      metrics.refused(transport, code, (performance.now() - start) / 1000);
      if (code === 'internal') logger.error({ err: error, transport }, 'receiving a profile failed');
      throw error;
    }
  }
}
