import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { createGunzip, createInflate } from 'node:zlib';
import { refuse } from '../exception.ts';

/** The body of a request without its Content-Encoding (gzip, deflate or none). */
export function decodedBody(request: IncomingMessage): Readable {
  const encoding = request.headers['content-encoding']?.toLowerCase() ?? 'identity';
  if (encoding === 'identity' || encoding === '') return request;
  if (encoding !== 'gzip' && encoding !== 'deflate') {
    throw refuse(
      'NOT_IMPLEMENTED',
      `Content-Encoding ${JSON.stringify(encoding)} is not supported; use gzip.`,
    );
  }
  const decoder = encoding === 'gzip' ? createGunzip() : createInflate();
  request.on('error', (error) => decoder.destroy(error));
  request.on('aborted', () => decoder.destroy(new Error('The client went away while it sent the body.')));
  return request.pipe(decoder);
}

/**
 * Reads until the body ends or is longer than `maxBytes`: its start, and the stream that still holds what follows where it
 * did not fit.
 */
export async function readHead(body: Readable, maxBytes: number) {
  const parts: Buffer[] = [];
  let bytes = 0;
  const iterator = body.iterator({ destroyOnReturn: false });
  for await (const chunk of iterator) {
    parts.push(chunk as Buffer);
    bytes += (chunk as Buffer).length;
    if (bytes > maxBytes) return { head: Buffer.concat(parts), rest: body };
  }
  return { head: Buffer.concat(parts), rest: undefined };
}

/** The text fields of a multipart/form-data body, as the client sends a query with large parameters. */
export async function readMultipart(body: Buffer, contentType: string): Promise<Map<string, string>> {
  let form: FormData;
  try {
    form = await new Response(new Uint8Array(body), { headers: { 'content-type': contentType } }).formData();
  } catch {
    throw refuse('INCORRECT_DATA', 'The multipart/form-data body cannot be read.');
  }
  const fields = new Map<string, string>();
  for (const [name, value] of form) {
    if (typeof value !== 'string') throw refuse('NOT_IMPLEMENTED', 'External tables are not supported.');
    fields.set(name, value);
  }
  return fields;
}
