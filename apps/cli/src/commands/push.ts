import { createHash, randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import {
  createIngestClient,
  type IngestServiceClient,
  type PushRequest,
  type PushResponse__Output,
} from '@everflame/contract/grpc';
import { type ServiceError, status } from '@grpc/grpc-js';
import { visibleText } from '@everflame/profile';
import { defineCommand, readOnly, usageFailure } from '../command.ts';
import { CommandFailure, EXIT } from '../exit.ts';

const HELP = `everflame push FILE --service NAME [--label NAME=VALUE]… [--name PROFILE] [--address HOST:PORT]

Sends one pprof file (gzip or not) to ingest over gRPC and prints what was stored.

  --service NAME       value of the label service_name; required
  --label NAME=VALUE   a further label; may be repeated
  --name PROFILE       profile name such as process_cpu or memory; guessed from the file when left out
  --address HOST:PORT  gRPC address of ingest (127.0.0.1:4042)

Exit codes: 0 stored, 1 refused or not reachable, 2 wrong arguments.
`;
const EXAMPLE = 'everflame push cpu.pb.gz --service checkout';
const PUSH_TIMEOUT_MS = 60_000;

/** What `everflame push` was asked to send. */
export interface PushCommand {
  readonly file: string;
  readonly address: string;
  readonly profileName: string;
  /** Label names and values, `service_name` first. */
  readonly labels: readonly (readonly [name: string, value: string])[];
}

export const command = defineCommand({
  name: 'push',
  help: HELP,
  options: {
    service: { type: 'string', default: '' },
    label: { type: 'string', multiple: true, default: [] },
    name: { type: 'string', default: '' },
    address: { type: 'string', default: '127.0.0.1:4042' },
  },
  read: ({ service, label, name, address }, positionals): PushCommand => {
    const file = readOnly(positionals, 'push takes one pprof file', EXAMPLE);
    if (service === '') throw usageFailure('push needs --service.', EXAMPLE);
    const labels = [['service_name', service] as const, ...label.map(readLabel)];
    return { file, address, profileName: name, labels };
  },
  run: async (asked) => {
    process.stdout.write(`${(await push(asked)).map(visibleText).join('\n')}\n`);
    return EXIT.ok;
  },
});

function readLabel(text: string): readonly [string, string] {
  const equals = text.indexOf('=');
  if (equals < 1) throw usageFailure(`"${text}" is not a label.`, '--label version=2.41');
  return [text.slice(0, equals), text.slice(equals + 1)];
}

/** Sends one pprof file; resolves to the lines to show. Throws `CommandFailure` (1) with the coded reason. */
export async function push(command: PushCommand): Promise<string[]> {
  const pprof = await readProfile(command.file);
  const client = createIngestClient(command.address);
  try {
    const response = await send(client, command.address, {
      id: randomUUID(),
      labels: command.labels.map(([name, value]) => ({ name, value })),
      profileName: command.profileName,
      pprof,
      // Of the file: who runs the command again wants it there once.
      idempotencyKey: createHash('sha256').update(pprof).digest('hex'),
    });
    if (response.error) {
      const { code, message, hint } = response.error;
      throw new CommandFailure(EXIT.failed, `${code}: ${message}`, hint === '' ? [] : [hint]);
    }
    return describeAccepted(command.file, response);
  } finally {
    client.close();
  }
}

async function readProfile(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CommandFailure(EXIT.failed, `${file} cannot be read: ${reason}`);
  }
}

function send(
  client: IngestServiceClient,
  address: string,
  request: PushRequest,
): Promise<PushResponse__Output> {
  return new Promise((resolve, reject) => {
    client.push(request, { deadline: Date.now() + PUSH_TIMEOUT_MS }, (error, response) => {
      if (error) reject(failureOf(error, address));
      else if (response) resolve(response);
      else reject(new CommandFailure(EXIT.failed, `${address} answered nothing.`));
    });
  });
}

/** A refusal of ingest (its code in the metadata, `code: message` as the text), or what became of the call. */
function failureOf(error: ServiceError, address: string): CommandFailure {
  const [code] = error.metadata.get('everflame-code');
  if (code !== undefined) {
    return new CommandFailure(EXIT.failed, error.details, error.metadata.get('everflame-hint').map(String));
  }
  if (error.code === status.UNAVAILABLE) {
    return new CommandFailure(EXIT.failed, `unavailable: ingest does not answer at ${address}.`, [
      'Start Everflame with npm start, or name the address of ingest with --address.',
      error.details,
    ]);
  }
  return new CommandFailure(
    EXIT.failed,
    `${(status[error.code] ?? 'UNKNOWN').toLowerCase()}: ${error.details}`,
  );
}

function describeAccepted(file: string, response: PushResponse__Output): string[] {
  if (response.accepted.length === 0) return [`${file} was accepted; it holds no samples.`];
  const lines = response.accepted.map(
    ({ profileType, stacks, total }) => `  ${profileType}  ${stacks} stacks, total ${total}`,
  );
  return [`${file} was stored:`, ...lines];
}
