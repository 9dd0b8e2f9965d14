import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createIngestClient, type PushRequest__Output, type PushResponse } from '@everflame/contract/grpc';
import { freePort } from '@everflame/testkit';
import {
  Metadata,
  type sendUnaryData,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServiceClientConstructor,
  type ServiceDefinition,
  status,
} from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { command, push, type PushCommand } from '../src/commands/push.ts';
import { EXIT } from '../src/exit.ts';

type Answer = (
  request: PushRequest__Output,
) => PushResponse | { code: status; details: string; metadata?: Metadata };

let folder: string;
let server: Server;
let address: string;
let answer: Answer;
const file = () => join(folder, 'cpu.pb.gz');

/** The definition that the client was made from. */
function ingestService(): ServiceDefinition {
  const client = createIngestClient('127.0.0.1:1');
  client.close();
  return (client.constructor as unknown as ServiceClientConstructor).service;
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'everflame-cli-'));
  writeFileSync(file(), Buffer.from([0x1f, 0x8b, 0, 255]));
  server = new Server();
  server.addService(ingestService(), {
    Push: (call: ServerUnaryCall<PushRequest__Output, PushResponse>, done: sendUnaryData<PushResponse>) => {
      const result = answer(call.request);
      if ('details' in result) done(result);
      else done(null, result);
    },
    PushStream: () => undefined,
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  address = `127.0.0.1:${port}`;
});
afterEach(() => {
  server.forceShutdown();
  rmSync(folder, { recursive: true, force: true });
});

const commandFor = (...more: string[]): PushCommand => {
  const args = [file(), '--service', 'checkout', '--label', 'version=2.41', '--address', address, ...more];
  return command.parse(args) as PushCommand;
};

describe('push', () => {
  it('sends the bytes of the file with its labels and shows what was stored', async () => {
    let received: PushRequest__Output | undefined;
    answer = (request) => {
      received = request;
      const profileType = 'process_cpu:cpu:nanoseconds:cpu:nanoseconds';
      return { id: request.id, accepted: [{ profileType, stacks: 12, total: '9007199254740993' }] };
    };
    expect(await push(commandFor('--name', 'process_cpu'))).toEqual([
      `${file()} was stored:`,
      '  process_cpu:cpu:nanoseconds:cpu:nanoseconds  12 stacks, total 9007199254740993',
    ]);
    expect(received).toMatchObject({
      profileName: 'process_cpu',
      labels: [
        { name: 'service_name', value: 'checkout' },
        { name: 'version', value: '2.41' },
      ],
    });
    expect([...(received?.pprof ?? [])]).toEqual([0x1f, 0x8b, 0, 255]);
  });

  it('fails with code, message and hint of a refusal that came as a status', async () => {
    const metadata = new Metadata();
    metadata.set('everflame-code', 'spool_full');
    metadata.set('everflame-hint', 'Try again in 2 s.');
    answer = () => ({ code: status.UNAVAILABLE, details: 'spool_full: No space.', metadata });
    await expect(push(commandFor())).rejects.toMatchObject({
      exitCode: EXIT.failed,
      message: 'spool_full: No space.',
      details: ['Try again in 2 s.'],
    });
  });

  it('fails with code, message and hint of a refusal that came as an answer', async () => {
    answer = ({ id }) => ({
      id,
      error: { code: 'malformed_profile', message: 'Not a pprof profile.', hint: 'Send a pprof profile.' },
    });
    await expect(push(commandFor())).rejects.toMatchObject({
      exitCode: EXIT.failed,
      message: 'malformed_profile: Not a pprof profile.',
      details: ['Send a pprof profile.'],
    });
  });

  it('fails with the status of a call that was not answered', async () => {
    answer = () => ({ code: status.RESOURCE_EXHAUSTED, details: 'try again in 2 s' });
    await expect(push(commandFor())).rejects.toMatchObject({
      exitCode: EXIT.failed,
      message: 'resource_exhausted: try again in 2 s',
    });
  });

  it('says how to start Everflame when nothing answers', async () => {
    const nobody = `127.0.0.1:${await freePort()}`;
    await expect(push({ ...commandFor(), address: nobody })).rejects.toMatchObject({
      exitCode: EXIT.failed,
      message: `unavailable: ingest does not answer at ${nobody}.`,
    });
  });

  it('fails when the file cannot be read', async () => {
    rmSync(file());
    await expect(push(commandFor())).rejects.toMatchObject({
      exitCode: EXIT.failed,
      message: expect.stringContaining('cannot be read'),
    });
  });
});
