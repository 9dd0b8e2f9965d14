import { pipeline, Readable } from 'node:stream';
import { constants, createGzip } from 'node:zlib';
import { type ExportFormat, EXPORTS, TREE_MEDIA_TYPE } from '@everflame/flamegraph';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { TreeFormat } from '../../application/params/wanted-tree.ts';
import type { EncodedTree, Encoder } from '../../application/trees/tree-cache.ts';
import { encoderFor, sendTree } from './compression.ts';

/** How a file is sent. */
interface SentFile {
  readonly mediaType: string;
  readonly fileName: string;
  /** Whether a browser stores the file instead of showing it. */
  readonly isDownload: boolean;
  /** Whether the file itself is compressed, however it is sent. */
  readonly isGzipped?: boolean;
}

const MEDIA: Readonly<Record<ExportFormat | 'csv' | 'markdown', SentFile>> = {
  ...EXPORTS,
  csv: { mediaType: 'text/csv; charset=utf-8', fileName: 'top.csv', isDownload: true },
  markdown: { mediaType: 'text/markdown; charset=utf-8', fileName: 'everflame.md', isDownload: false },
};

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

/** Sends a call tree, or what is made of one, in the format that is asked for. */
export async function sendTreeOrFile<F extends ExportFormat>(
  reply: FastifyReply,
  format: F | TreeFormat,
  {
    tree,
    file,
  }: {
    readonly tree: (format: TreeFormat, encoder: Encoder) => Promise<EncodedTree>;
    readonly file: (format: F) => Promise<Iterable<string | Uint8Array>>;
  },
): Promise<void> {
  if (isTreeFormat(format)) await sendTree(reply, await tree(format, encoderFor(reply.request)));
  else await sendChunks(reply, await file(format), format);
}

function isTreeFormat(format: ExportFormat | TreeFormat): format is TreeFormat {
  return format === 'json' || format === 'columns';
}

/** Sends pieces as the client takes them; the next is made when the ones before are gone. */
export async function sendChunks(
  reply: FastifyReply,
  chunks: Iterable<string | Uint8Array>,
  format: keyof typeof MEDIA,
): Promise<void> {
  const { mediaType, fileName, isDownload, isGzipped } = MEDIA[format];
  const source = Readable.from(buffers(chunks), { objectMode: false });
  const disposition = `${isDownload ? 'attachment' : 'inline'}; filename="${fileName}"`;
  void reply.type(mediaType).header('content-disposition', disposition);
  if (isGzipped !== true) {
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
