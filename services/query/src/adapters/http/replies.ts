import { pipeline, Readable } from 'node:stream';
import { constants, createGzip } from 'node:zlib';
import { TREE_MEDIA_TYPE } from '@everflame/flamegraph';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** What a format is sent as. */
const MEDIA = {
  collapsed: { type: 'text/plain; charset=utf-8', disposition: 'inline; filename="stacks.folded.txt"' },
  speedscope: {
    type: 'application/json; charset=utf-8',
    disposition: 'attachment; filename="profile.speedscope.json"',
  },
  pprof: { type: 'application/octet-stream', disposition: 'attachment; filename="profile.pb.gz"' },
  csv: { type: 'text/csv; charset=utf-8', disposition: 'attachment; filename="top.csv"' },
  markdown: { type: 'text/markdown; charset=utf-8', disposition: 'inline; filename="everflame.md"' },
} as const;

/** Adds the format that the Accept header asks for where the query names none. */
export function withAccept(query: unknown, request: FastifyRequest): unknown {
  const params = typeof query === 'object' && query !== null ? query : {};
  const wantsColumns = request.headers.accept?.includes(TREE_MEDIA_TYPE) === true;
  return wantsColumns && !('format' in params) ? { ...params, format: 'columns' } : params;
}

/** Whether a query compares two sides. */
export function isComparison(query: unknown): boolean {
  return typeof query === 'object' && query !== null && ('left_query' in query || 'right_query' in query);
}

/** Sends pieces as the client takes them; the next is made when the ones before are gone. */
export async function sendChunks(
  reply: FastifyReply,
  chunks: Iterable<string | Uint8Array>,
  format: keyof typeof MEDIA,
): Promise<void> {
  const { type, disposition } = MEDIA[format];
  const source = Readable.from(buffers(chunks), { objectMode: false });
  void reply.type(type).header('content-disposition', disposition);
  if (format !== 'pprof') {
    await reply.send(source);
    return;
  }
  // A `.pb.gz` is compressed as a file, not for the way: @fastify/compress leaves a request with this header alone.
  reply.request.headers['x-no-compression'] = 'true';
  const gzip = createGzip({ level: constants.Z_BEST_SPEED });
  // What goes wrong here ends the answer; there is nobody else to tell.
  pipeline(source, gzip, () => undefined);
  await reply.send(gzip);
}

function* buffers(chunks: Iterable<string | Uint8Array>): Generator<Buffer> {
  for (const chunk of chunks) {
    yield typeof chunk === 'string'
      ? Buffer.from(chunk, 'utf8')
      : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
  }
}
