import { promisify } from 'node:util';
import zlib from 'node:zlib';
import { negotiate } from '@fastify/accept-negotiator';
import type { FastifyCompressOptions } from '@fastify/compress';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { EncodedTree, Encoder } from '../../application/trees/tree-cache.ts';

/** A tree is compressed in one piece: each piece is a way to another thread and back. */
const PIECE_BYTES = 256 * 1024;
const THRESHOLD_BYTES = 1024;
// A tree takes 2 ms at these levels; higher ones spare 5 % of its bytes for half as much time again and more.
const GZIP = { level: 1, chunkSize: PIECE_BYTES };
const BROTLI_QUALITY = 2;
// Brotli takes twice its window as memory, 8 MB if it may, and each of these counts for when garbage is collected:
// with the largest window ten answers at once are a full collection.
const MIN_WINDOW_BITS = 16;
const MAX_WINDOW_BITS = 22;
const STREAM_WINDOW_BITS = 18;

const brotli = promisify(zlib.brotliCompress);
const gzip = promisify(zlib.gzip);
// Node 20 has none.
const { zstdCompress } = zlib as { zstdCompress?: typeof zlib.brotliCompress };
/** How bytes are compressed as a whole, the first choice first. */
const COMPRESSORS: Readonly<Record<string, (bytes: Uint8Array) => Promise<Buffer>>> = {
  ...(zstdCompress === undefined ? {} : { zstd: promisify(zstdCompress) }),
  br: (bytes) => brotli(bytes, brotliOptions(Math.ceil(Math.log2(bytes.length)))),
  gzip: (bytes) => gzip(bytes, GZIP),
};
const NONE = 'identity';
const ENCODINGS = Object.keys(COMPRESSORS) as ('zstd' | 'br' | 'gzip')[];

/** For answers of all kinds. What is compressed by itself (pprof) has a type that is not listed. */
export const COMPRESSION: FastifyCompressOptions = {
  threshold: THRESHOLD_BYTES,
  encodings: ENCODINGS,
  customTypes: /^text\/|[+/](json|javascript|xml)(;|$)|^application\/vnd\.flame\./,
  zlibOptions: GZIP,
  brotliOptions: brotliOptions(STREAM_WINDOW_BITS),
};

function brotliOptions(windowBits: number): zlib.BrotliOptions {
  return {
    chunkSize: PIECE_BYTES,
    params: {
      [zlib.constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY,
      [zlib.constants.BROTLI_PARAM_LGWIN]: Math.min(MAX_WINDOW_BITS, Math.max(MIN_WINDOW_BITS, windowBits)),
    },
  };
}

/** What compresses bytes as a whole as the client of a request takes them: streams cost more than that. */
export function encoderFor({ headers }: FastifyRequest): Encoder {
  const accepted = headers['accept-encoding'];
  const encoding = typeof accepted === 'string' ? negotiate(accepted.toLowerCase(), ENCODINGS) : null;
  const compress = encoding === null ? undefined : COMPRESSORS[encoding];
  return {
    name: encoding ?? NONE,
    encode: async (bytes) =>
      encoding === null || compress === undefined || bytes.length < THRESHOLD_BYTES
        ? { encoding: NONE, bytes }
        : { encoding, bytes: await compress(bytes) },
  };
}

export async function sendTree(
  reply: FastifyReply,
  { mediaType, encoding, bytes }: EncodedTree,
): Promise<void> {
  // The encoding is set in any case, so that nothing else looks at it.
  await reply
    .type(mediaType)
    .header('vary', 'accept-encoding')
    .header('content-encoding', encoding)
    .send(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
}
