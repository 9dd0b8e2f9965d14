import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { bodyTooLarge } from '../sessions/insert-spool.ts';
import { decodedBody, readHead, readMultipart } from './request-body.ts';
import { maxQueryBytes, readSessionSettings, type SessionSettings } from '../sessions/session-settings.ts';
import { analyseStatement } from '../statements/statement.ts';

/** Bounds of one request. */
export interface RequestLimits {
  /** Longest text of a statement, whatever `max_query_size` a request sets; the rows of an insert do not count. */
  readonly queryBytes: number;
  /** Longest body after decompression, rows included. */
  readonly bodyBytes: number;
}

/** The statement of a request, not yet checked. */
export interface RequestQuery {
  /** The statement, followed by as much of the rows as came with it. */
  readonly sql: Buffer;
  /** Rows behind `sql`. */
  readonly rest: Readable | undefined;
  readonly session: SessionSettings;
  /** Longest text of this statement. */
  readonly maxQueryBytes: number;
}

/** Finds the statement: in the URL with rows in the body, in the body alone, or in a form with its parameters. */
export async function readQuery(
  request: IncomingMessage,
  search: URLSearchParams,
  limits: RequestLimits,
): Promise<RequestQuery> {
  const contentType = request.headers['content-type'] ?? '';
  const inUrl = Buffer.from(search.get('query') ?? '');
  const body = decodedBody(request);
  if (contentType.toLowerCase().startsWith('multipart/form-data')) {
    const { head, rest } = await readHead(body, limits.bodyBytes);
    if (rest !== undefined) throw bodyTooLarge(limits.bodyBytes);
    const fields = await readMultipart(head, contentType);
    const session = readSessionSettings([...search, ...fields]);
    const sql = Buffer.concat([inUrl, Buffer.from(fields.get('query') ?? '')]);
    return { sql, rest: undefined, session, maxQueryBytes: maxQueryBytes(session, limits.queryBytes) };
  }
  const session = readSessionSettings(search);
  const maxBytes = maxQueryBytes(session, limits.queryBytes);
  if (inUrl.length > 0 && isInsertWithRows(inUrl)) {
    return { sql: inUrl, rest: body, session, maxQueryBytes: maxBytes };
  }
  const { head, rest } = await readHead(body, maxBytes);
  return { sql: Buffer.concat([inUrl, head]), rest, session, maxQueryBytes: maxBytes };
}

function isInsertWithRows(sql: Buffer): boolean {
  try {
    return analyseStatement(sql.toString('latin1')).insert !== undefined;
  } catch {
    return false;
  }
}
