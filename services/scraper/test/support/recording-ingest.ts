import {
  INGEST_PROTO_FILE,
  MAX_MESSAGE_BYTES,
  PROTO_LOADER_OPTIONS,
  type PushRequest__Output,
  type PushResponse,
} from '@everflame/contract/grpc';
import { loadPackageDefinition, Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

type Stream = ServerDuplexStream<PushRequest__Output, PushResponse>;
type Answer = (push: PushRequest__Output) => PushResponse | undefined;

/** A real gRPC server with IngestService that records pushes and answers what it is told to. */
export class RecordingIngest {
  readonly pushes: PushRequest__Output[] = [];
  /** Streams opened so far. */
  streams = 0;
  readonly port: number;
  readonly #server: Server;

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.port = port;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** Every push is accepted unless `answer` says otherwise; undefined = no answer. */
  static async start(answer: Answer = ({ id }) => ({ id }), port = 0): Promise<RecordingIngest> {
    const server = new Server({ 'grpc.max_receive_message_length': MAX_MESSAGE_BYTES });
    const definition = loadPackageDefinition(loadSync(INGEST_PROTO_FILE, PROTO_LOADER_OPTIONS));
    let ingest: RecordingIngest | undefined;
    server.addService(serviceOf(definition), {
      pushStream: (stream: Stream) => {
        if (ingest !== undefined) ingest.streams++;
        stream.on('data', (push: PushRequest__Output) => {
          ingest?.pushes.push(push);
          const response = answer(push);
          if (response !== undefined) stream.write(response);
        });
        stream.on('error', () => undefined);
        stream.on('end', () => stream.end());
      },
    });
    const bound = await new Promise<number>((resolve, reject) => {
      server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (error, boundPort) =>
        error ? reject(error) : resolve(boundPort),
      );
    });
    ingest = new RecordingIngest(server, bound);
    return ingest;
  }

  /** Ends at once, breaking every stream. */
  stop(): void {
    this.#server.forceShutdown();
  }
}

function serviceOf(definition: unknown): Parameters<Server['addService']>[0] {
  const loaded = definition as {
    everflame: { ingest: { v1: { IngestService: { service: Parameters<Server['addService']>[0] } } } };
  };
  return loaded.everflame.ingest.v1.IngestService.service;
}
