import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import {
  ClickHouseLogLevel,
  type ClickHouseClient,
  type ClickHouseSettings,
  createClient,
} from '@clickhouse/client';
import { DomainError } from '@everflame/profile';
import { toStorageError } from './clickhouse-failure.ts';
import { onCluster } from './migrations/cluster.ts';
import { decodeNative, type NativeAnswer } from './native/decode.ts';
import { encodeNativeBlock, type NativeColumns } from './native/columns.ts';
import { SharedReads } from './shared-reads.ts';
import type { Sql } from './sql.ts';

export interface ClickHouseOptions {
  /** HTTP interface, such as `http://127.0.0.1:8123`. */
  readonly url: string;
  /** A plain identifier: letters, digits and `_`. */
  readonly database: string;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly requestTimeoutMs: number;
  /** Name of the cluster that holds the tables; one server where absent. Letters, digits, `_` and `-`. */
  readonly cluster?: string | undefined;
  /** What every SELECT may use at most, unless it says otherwise itself. */
  readonly readSettings?: ClickHouseSettings;
  /** Run SELECTs that are alike and asked for at once a single time. */
  readonly sharesReads?: boolean;
  /** The signal of the request that is being served where a SELECT is called; aborting it stops the SELECT. */
  readonly currentSignal?: () => AbortSignal | undefined;
}

interface InsertTarget {
  readonly table: string;
  readonly columns: readonly string[];
}

/** Largest answer that is read into memory. */
const MAX_ANSWER_BYTES = 1024 * 1024 * 1024;
const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]{0,62}$/;
const CLUSTER = /^[A-Za-z_][A-Za-z0-9_-]{0,62}$/;
/**
 * No insert is taken for the repetition of another, by token or by content: what ClickHouse remembers of inserts does not
 * always agree with what it stored, and all rows bear being there twice (ADR 0012).
 */
const INSERT_SETTINGS: ClickHouseSettings = {
  deduplicate_insert: 'disable',
  deduplicate_insert_select: 'disable',
};
/** An insert is confirmed when the shards have it, and a subquery on a distributed table is run once for all of them. */
const CLUSTER_SETTINGS: ClickHouseSettings = {
  distributed_foreground_insert: 1,
  distributed_product_mode: 'global',
};

/** Opens a connection pool to one database. It does not connect yet and the database need not exist. */
export function openClickHouse(options: ClickHouseOptions): ClickHouse {
  if (!IDENTIFIER.test(options.database)) {
    throw new DomainError('invalid', 'invalid_argument', `"${options.database}" cannot name a database.`);
  }
  if (options.cluster !== undefined && !CLUSTER.test(options.cluster)) {
    throw new DomainError('invalid', 'invalid_argument', `"${options.cluster}" cannot name a cluster.`);
  }
  return new ClickHouse(options);
}

/**
 * One database of a ClickHouse server (or of the embedded one). Every method throws `UnavailableError` when the
 * server does not answer, and `DomainError` when it refuses for cost (`query_too_expensive`, `query_timeout`, …).
 */
export class ClickHouse {
  readonly database: string;
  readonly cluster: string | undefined;
  readonly #options: ClickHouseOptions;
  readonly #client: ClickHouseClient;
  readonly #reads = new SharedReads();
  readonly #clock = new ServerClock();

  constructor(options: ClickHouseOptions) {
    this.database = options.database;
    this.cluster = options.cluster;
    this.#options = options;
    this.#client = clientFor(options, options.database);
  }

  /** The server's clock as of its last answer to an insert, Unix ms; this machine's before that. */
  get nowMs(): number {
    return this.#clock.nowMs;
  }

  /** Resolves when the server answers; it need not have the database yet. */
  async ping(): Promise<void> {
    const answer = await this.#client.ping({ select: false });
    if (!answer.success) throw toStorageError(answer.error);
  }

  async createDatabase(): Promise<void> {
    const client = clientFor(this.#options, 'default');
    try {
      const query = `CREATE DATABASE IF NOT EXISTS \`${this.database}\`${onCluster(this.cluster)}`;
      await guarded(client.command({ query }));
    } finally {
      await client.close();
    }
  }

  async command(sql: Sql, settings: ClickHouseSettings = {}): Promise<void> {
    await guarded(
      this.#client.command({
        query: sql.text,
        query_params: { ...sql.params },
        clickhouse_settings: settings,
      }),
    );
  }

  /** Runs a SELECT (without FORMAT) and decodes the whole answer. Throws `query_cancelled` once its request is gone. */
  async select(sql: Sql, settings: ClickHouseSettings = {}): Promise<NativeAnswer> {
    const { readSettings, sharesReads, currentSignal } = this.#options;
    const all = { ...readSettings, ...settings };
    const key = sharesReads === true ? JSON.stringify([sql.text, sql.params, all]) : randomUUID();
    const read = (signal: AbortSignal): Promise<Buffer> => guarded(this.#read(sql, all, signal));
    return decodeNative(await this.#reads.run(key, currentSignal?.(), read));
  }

  /** Inserts columns as one block, as `insertNative` does. */
  async insertColumns(table: string, columns: NativeColumns): Promise<void> {
    await this.insertNative({ table, columns: Object.keys(columns) }, encodeNativeBlock(columns));
  }

  /**
   * Inserts one Native block as one insert. When it throws, the rows may be stored all the same; repeating it stores them
   * again.
   */
  async insertNative(target: InsertTarget, block: Buffer): Promise<void> {
    await guarded(this.#insert(target, block));
  }

  async close(): Promise<void> {
    await this.#client.close();
  }

  async #read(sql: Sql, settings: ClickHouseSettings, signal: AbortSignal): Promise<Buffer> {
    const queryId = randomUUID();
    const stop = (): void => void this.#stop(queryId);
    signal.addEventListener('abort', stop, { once: true });
    try {
      const { stream } = await this.#client.exec({
        query: `${sql.text}\nFORMAT Native`,
        query_params: { ...sql.params },
        query_id: queryId,
        abort_signal: signal,
        clickhouse_settings: {
          max_execution_time: Math.max(1, Math.floor(this.#options.requestTimeoutMs / 1000)),
          // A failure halfway then comes as a status, not as text inside the answer.
          http_wait_end_of_query: 1,
          cancel_http_readonly_queries_on_client_disconnect: 1,
          ...settings,
        },
      });
      return await collect(stream);
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  /** A server need not notice that nobody listens any more, so it is told. */
  async #stop(queryId: string): Promise<void> {
    const sql = `KILL QUERY${onCluster(this.cluster)} WHERE query_id = {query_id:String} ASYNC`;
    await this.#client.command({ query: sql, query_params: { query_id: queryId } }).catch(() => undefined);
  }

  async #insert(target: InsertTarget, block: Buffer): Promise<void> {
    const { stream, response_headers: headers } = await this.#client.exec({
      query: `INSERT INTO ${target.table} (${target.columns.join(', ')}) FORMAT Native`,
      values: Readable.from([block], { objectMode: false }),
      clickhouse_settings: {
        async_insert: 0,
        // A backfill may touch many days; refusing it would make its batch fail for ever.
        max_partitions_per_insert_block: '0',
      },
    });
    this.#clock.heard(headers['date']);
    await collect(stream);
  }
}

/** The clock of a server, as the `Date` of its answers has it: to a second, whatever becomes of the clock of this machine. */
class ServerClock {
  /** What the server's clock is ahead of `performance.now()`. */
  #aheadMs: number | undefined;

  /** Unix ms; the clock of this machine before the first answer. */
  get nowMs(): number {
    return this.#aheadMs === undefined ? Date.now() : performance.now() + this.#aheadMs;
  }

  /** Takes the `Date` header of an answer that has just arrived. */
  heard(date: unknown): void {
    const dateMs = typeof date === 'string' ? Date.parse(date) : Number.NaN;
    if (!Number.isNaN(dateMs)) this.#aheadMs = dateMs - performance.now();
  }
}

function clientFor(options: ClickHouseOptions, database: string): ClickHouseClient {
  return createClient({
    url: options.url,
    database,
    username: options.username ?? 'default',
    password: options.password ?? '',
    request_timeout: options.requestTimeoutMs,
    application: 'everflame',
    compression: { request: false, response: false },
    log: { level: ClickHouseLogLevel.OFF },
    clickhouse_settings: { ...INSERT_SETTINGS, ...(options.cluster === undefined ? {} : CLUSTER_SETTINGS) },
  });
}

async function collect(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES) {
      throw new DomainError('too_large', 'query_too_expensive', 'The answer of ClickHouse is too large.', {
        hint: 'Ask for a shorter range or narrow the selector.',
      });
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, bytes);
}

async function guarded<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw toStorageError(error);
  }
}
