import {
  createIngestClient,
  type IngestServiceClient,
  type PushRequest,
  type PushResponse__Output,
} from '@everflame/contract/grpc';

/** Pushes over one stream and waits for every answer; answers by id. */
export async function pushAll(
  address: string,
  requests: readonly PushRequest[],
): Promise<Map<string, PushResponse__Output>> {
  const client: IngestServiceClient = createIngestClient(address);
  try {
    return await new Promise((resolve, reject) => {
      const answers = new Map<string, PushResponse__Output>();
      const stream = client.PushStream();
      stream.on('data', (answer: PushResponse__Output) => answers.set(answer.id, answer));
      stream.on('error', reject);
      stream.on('end', () => resolve(answers));
      for (const request of requests) stream.write(request);
      stream.end();
    });
  } finally {
    client.close();
  }
}

export function labelsOf(labels: Record<string, string>): { name: string; value: string }[] {
  return Object.entries(labels).map(([name, value]) => ({ name, value }));
}
