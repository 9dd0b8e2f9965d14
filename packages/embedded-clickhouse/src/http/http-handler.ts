import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { ClickHouseException, refuse, toClickHouseException } from '../exception.ts';
import { insertFromFile, type InsertSpool } from '../sessions/insert-spool.ts';
import { refusedFunctions } from '../statements/refused-calls.ts';
import type { RequestGuard } from './request-guard.ts';
import { readQuery, type RequestLimits, type RequestQuery } from './request-query.ts';
import { defaultDatabase, type SessionPool, type StatementResult } from '../sessions/session-pool.ts';
import type { SessionSettings } from '../sessions/session-settings.ts';
import { analyseStatement, type Statement } from '../statements/statement.ts';

interface Answer {
  readonly format: string;
  readonly body: Buffer;
  readonly summary: Record<string, string>;
}

const compress = promisify(gzip);
/** Below this a gzip member costs more than it saves. */
const minCompressedBytes = 1024;

/** Answers the ClickHouse HTTP interface: `/ping`, statements on `/`, and `/healthz`, which waits for the engine. */
export class HttpHandler {
  readonly #pool: SessionPool;
  readonly #spool: InsertSpool;
  readonly #limits: RequestLimits;
  readonly #guard: RequestGuard;

  constructor(pool: SessionPool, spool: InsertSpool, limits: RequestLimits, guard: RequestGuard) {
    this.#guard = guard;
    this.#pool = pool;
    this.#spool = spool;
    this.#limits = limits;
  }

  /** Never throws: every failure becomes an answer, or nothing where the client has gone. */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { path, search } = targetOf(request.url ?? '/');
    response.setHeader('X-ClickHouse-Server-Display-Name', 'everflame-embedded');
    response.setHeader('X-Content-Type-Options', 'nosniff');
    response.setHeader('Cache-Control', 'no-store');
    const queryId = search.get('query_id') ?? '';
    response.setHeader('X-ClickHouse-Query-Id', isHeaderSafe(queryId) ? queryId : randomUUID());
    try {
      this.#guard.requireOwnClient(request);
      if (path === '/ping' || path === '/healthz') {
        await this.#sayAlive(path, response);
        return;
      }
      this.#guard.requirePassword(request, search);
      if (path !== '/') throw refuse('BAD_ARGUMENTS', 'There is nothing at this path.', 404);
      await this.#serve(request, response, search);
    } catch (error) {
      sendException(request, response, toClickHouseException(error));
    }
  }

  async #sayAlive(path: string, response: ServerResponse): Promise<void> {
    const answers = path === '/ping' ? Promise.resolve() : this.#pool.answers();
    const isAlive = await answers.then(
      () => true,
      () => false,
    );
    const text = isAlive ? 'Ok.\n' : 'The engine does not work.\n';
    send(response, isAlive ? 200 : 503, 'text/plain; charset=UTF-8', Buffer.from(text));
  }

  async #serve(request: IncomingMessage, response: ServerResponse, search: URLSearchParams): Promise<void> {
    if (request.method !== 'POST' && request.method !== 'GET') {
      throw refuse('BAD_ARGUMENTS', 'Only GET and POST are answered.', 405);
    }
    const answer = await this.#answer(request, response, search);
    await this.#sendAnswer(request, response, search, answer);
  }

  async #answer(
    request: IncomingMessage,
    response: ServerResponse,
    search: URLSearchParams,
  ): Promise<Answer> {
    const query = await readQuery(request, search, this.#limits);
    // Latin-1 keeps one character per byte, so that offsets of the analysis are offsets of the buffer.
    const text = query.sql.subarray(0, query.maxQueryBytes).toString('latin1');
    const statement = analyseStatement(text, this.#pool.refusedCalls);
    requireParameters(statement, query.session);
    if (request.method === 'GET' && !statement.isRead) {
      throw refuse(
        'READONLY',
        'Cannot execute query in readonly mode. For queries over HTTP, GET only reads.',
      );
    }
    const gone = new AbortController();
    response.once('close', () => {
      if (!response.writableFinished) gone.abort();
    });
    const defaultFormat =
      search.get('default_format') ?? singleHeader(request, 'x-clickhouse-format') ?? 'TabSeparated';
    if (!/^\w+$/.test(defaultFormat))
      throw refuse('BAD_ARGUMENTS', 'default_format is not the name of a format.');
    const run = (sql: string): Promise<StatementResult> =>
      this.#pool.run({
        sql,
        defaultFormat,
        database: search.get('database') ?? singleHeader(request, 'x-clickhouse-database') ?? defaultDatabase,
        session: query.session,
        signal: gone.signal,
        isStoppable:
          statement.isSelect && isOn(search.get('cancel_http_readonly_queries_on_client_disconnect')),
      });
    return statement.insert === undefined
      ? this.#select(query, statement, defaultFormat, run)
      : this.#insert(query, statement.insert, run);
  }

  async #select(
    query: RequestQuery,
    statement: Statement,
    defaultFormat: string,
    run: (sql: string) => Promise<StatementResult>,
  ): Promise<Answer> {
    if (query.rest !== undefined || query.sql.length > query.maxQueryBytes) {
      throw refuse('SYNTAX_ERROR', `Syntax error (Max query size exceeded): ${query.maxQueryBytes} bytes.`);
    }
    const result = await run(query.sql.subarray(0, statement.end).toString('utf8'));
    return {
      format: statement.format ?? defaultFormat,
      body: result.bytes,
      summary: summaryOf(result, {
        result_rows: String(result.rows),
        result_bytes: String(result.bytes.length),
      }),
    };
  }

  async #insert(
    query: RequestQuery,
    insert: NonNullable<Statement['insert']>,
    run: (sql: string) => Promise<StatementResult>,
  ): Promise<Answer> {
    const head = query.sql.subarray(insert.rowsStart);
    return this.#spool.withFile(head, query.rest, async (path, bytes) => {
      const result = await run(insertFromFile(query.sql, insert, path));
      const summary = summaryOf(result, { written_rows: String(result.rows), written_bytes: String(bytes) });
      return { format: insert.format, body: result.bytes, summary };
    });
  }

  async #sendAnswer(
    request: IncomingMessage,
    response: ServerResponse,
    search: URLSearchParams,
    answer: Answer,
  ): Promise<void> {
    response.setHeader('X-ClickHouse-Summary', JSON.stringify(answer.summary));
    response.setHeader('X-ClickHouse-Format', answer.format);
    const isWanted = isOn(search.get('enable_http_compression'));
    const accepted = singleHeader(request, 'accept-encoding') ?? '';
    if (isWanted && /\bgzip\b/.test(accepted) && answer.body.length >= minCompressedBytes) {
      response.setHeader('Content-Encoding', 'gzip');
      send(response, 200, contentTypeOf(answer.format), await compress(answer.body, { level: 3 }));
      return;
    }
    send(response, 200, contentTypeOf(answer.format), answer.body);
  }
}

/** Path and parameters of a request; not by `URL`, which takes `//` for the beginning of a host and throws. */
function targetOf(target: string): { readonly path: string; readonly search: URLSearchParams } {
  const [path = '', ...rest] = target.split('?');
  return { path, search: new URLSearchParams(rest.join('?')) };
}

function requireParameters(statement: Statement, session: SessionSettings): void {
  for (const name of statement.placeholders) {
    if (!session.parameters.has(name))
      throw refuse('UNKNOWN_QUERY_PARAMETER', `Substitution \`${name}\` is not set.`);
  }
  for (const name of statement.identifiers) {
    const value = session.parameters.get(name) ?? '';
    if (value.includes('\\') || refusedFunctions.has(value.toLowerCase()))
      throw refuse('ACCESS_DENIED', `Substitution \`${name}\` is not a name that can be used here.`);
  }
}

function summaryOf(result: StatementResult, own: Record<string, string>): Record<string, string> {
  return {
    read_rows: String(result.rows),
    read_bytes: String(result.bytesRead),
    written_rows: '0',
    written_bytes: '0',
    total_rows_to_read: '0',
    result_rows: '0',
    result_bytes: '0',
    elapsed_ns: String(Math.round(result.elapsedSeconds * 1e9)),
    ...own,
  };
}

function send(response: ServerResponse, status: number, contentType: string, body: Buffer): void {
  if (response.destroyed) return;
  response.writeHead(status, { 'Content-Type': contentType, 'Content-Length': body.length });
  response.end(body);
}

function sendException(request: IncomingMessage, response: ServerResponse, error: ClickHouseException): void {
  response.setHeader('X-ClickHouse-Exception-Code', String(error.clickhouseCode));
  // What is left of the body cannot be told from a next request, so the connection ends with this answer.
  if (!request.complete) response.setHeader('Connection', 'close');
  response.removeHeader('Content-Encoding');
  send(response, error.status, 'text/plain; charset=UTF-8', Buffer.from(`${error.message}\n`));
  if (!request.complete) request.resume();
}

function contentTypeOf(format: string): string {
  if (/^JSON(?:Compact)?(?:Columns|Strings|ColumnsWithMetadata)?$/.test(format))
    return 'application/json; charset=UTF-8';
  if (/EachRow/.test(format)) return 'application/x-ndjson; charset=UTF-8';
  if (/^(?:Tab|TSV|Values|Pretty)/.test(format)) return 'text/tab-separated-values; charset=UTF-8';
  return 'application/octet-stream';
}

function singleHeader(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

function isOn(parameter: string | null): boolean {
  return parameter === '1' || parameter === 'true';
}

function isHeaderSafe(queryId: string): boolean {
  return queryId !== '' && /^[\x20-\x7e]+$/.test(queryId);
}
