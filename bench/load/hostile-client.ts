// Sends what is to be refused to ingest's gRPC door, as fast as it is refused. Started by receive.bench.ts with the
// attack and the port.
import { connect, type ClientHttp2Session, constants } from 'node:http2';
import { gzipSync } from 'node:zlib';
import { INGEST_PACKAGE, INGEST_SERVICE } from '@everflame/contract/grpc';

const MIB = 2 ** 20;
const MILLION = 1_000_000;
const IN_FLIGHT = 4;

const [attack = '', port = ''] = process.argv.slice(2);

/** A field of `PushRequest` with these bytes, a million times. */
function millionTimes(field: readonly number[]): Buffer {
  return Buffer.alloc(field.length * MILLION, Buffer.from(field));
}

/** Its profile, field 4, is `bytes` zeros. */
function ofProfile(bytes: number): Buffer {
  const head = [0x22];
  for (let left = bytes; left > 0; left = Math.floor(left / 128))
    head.push((left % 128) | (left > 127 ? 128 : 0));
  return Buffer.concat([Buffer.from(head), Buffer.alloc(bytes)]);
}

const ATTACKS: Readonly<Record<string, () => Buffer>> = {
  // Labels of a name and a value of three letters each.
  labels: () => millionTimes([0x12, 10, 0x0a, 3, 97, 98, 99, 0x12, 3, 97, 98, 99]),
  kinds: () => millionTimes([0x3a, 6, 0x0a, 2, 97, 98, 0x10, 1]),
  fields: () => millionTimes([0x28, 1]),
  large: () => ofProfile(63 * MIB),
  bomb: () => gzipSync(ofProfile(63 * MIB)),
};

const body = ATTACKS[attack]?.() ?? Buffer.alloc(0);
const head = Buffer.alloc(5);
head.writeUInt8(attack === 'bomb' ? 1 : 0, 0);
head.writeUInt32BE(body.length, 1);
const message = Buffer.concat([head, body]);
const HEADERS = {
  [constants.HTTP2_HEADER_METHOD]: 'POST',
  [constants.HTTP2_HEADER_PATH]: `/${INGEST_PACKAGE}.${INGEST_SERVICE}/Push`,
  [constants.HTTP2_HEADER_TE]: 'trailers',
  [constants.HTTP2_HEADER_CONTENT_TYPE]: 'application/grpc',
  'grpc-encoding': attack === 'bomb' ? 'gzip' : 'identity',
};
let answered = 0;

function attackOn(session: ClientHttp2Session): void {
  const stream = session.request(HEADERS);
  stream.on('error', () => undefined);
  stream.resume();
  stream.end(message);
  stream.once('close', () => {
    answered++;
    if (!session.closed) attackOn(session);
  });
}

/** Whoever closes the connection gets the next one. */
function attackForever(): void {
  const session = connect(`http://127.0.0.1:${port}`);
  session.on('error', () => undefined);
  session.once('close', () => setTimeout(attackForever, 10));
  for (let i = 0; i < IN_FLIGHT; i++) attackOn(session);
}

attackForever();
process.on('message', () => process.send?.(answered));
process.on('disconnect', () => process.exit(0));
process.send?.('ready');
