import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { lockDataFolder } from '../data-folder-lock.ts';
import { HttpHandler } from './http-handler.ts';
import { InsertSpool } from '../sessions/insert-spool.ts';
import { RequestGuard } from './request-guard.ts';
import { SessionPool } from '../sessions/session-pool.ts';

export interface EmbeddedClickHouseOptions {
  /** Created if missing. One process at a time can have it open, and one process can have one folder open. */
  readonly dataDir: string;
  /** What every statement must come with. Empty lets every process of the machine in. */
  readonly password: string;
  /** Names under which it may be asked, beyond its address, `host` and `localhost`. */
  readonly allowedHosts?: readonly string[];
  readonly host?: string;
  /** 0, the default, takes a free one. */
  readonly port?: number;
  /** Statements that run at the same time. */
  readonly sessions?: number;
  /** Statements that may wait for a session before further ones are refused. */
  readonly maxQueued?: number;
  readonly maxBodyBytes?: number;
}

/** A running server. */
export type EmbeddedClickHouse = Readonly<ReturnType<typeof runningServer>>;

/** Long IN lists travel as parameters in the URL; ClickHouse allows as much (http_max_uri_size). */
const maxHeaderBytes = 1024 * 1024 + 64 * 1024;

/**
 * Serves the ClickHouse HTTP interface from an engine in this process.
 * Throws DataFolderLockedError where the data folder is in use.
 */
export async function startEmbeddedClickHouse(
  options: EmbeddedClickHouseOptions,
): Promise<EmbeddedClickHouse> {
  const dataDir = resolve(options.dataDir);
  const { opened: pool, release } = await lockDataFolder(dataDir, () =>
    SessionPool.open(dataDir, options.sessions ?? 4, options.maxQueued ?? 256),
  );
  try {
    const limits = {
      queryBytes: 1024 * 1024,
      bodyBytes: options.maxBodyBytes ?? 256 * 1024 * 1024,
    };
    const host = options.host ?? '127.0.0.1';
    const guard = new RequestGuard(options.password, [host, ...(options.allowedHosts ?? [])]);
    const spool = await InsertSpool.open(dataDir, limits.bodyBytes);
    const handler = new HttpHandler(pool, spool, limits, guard);
    // A body may take as long as its sender needs; ClickHouse has no such bound either.
    const server = createServer({
      maxHeaderSize: maxHeaderBytes,
      requestTimeout: 0,
      keepAliveTimeout: 30_000,
    });
    server.on('request', (request, response) => void handler.handle(request, response));
    await once(server.listen(options.port ?? 0, host), 'listening');
    return runningServer(server, pool, release);
  } catch (error) {
    await pool.close();
    release();
    throw error;
  }
}

function runningServer(server: Server, pool: SessionPool, release: () => void) {
  const { address, family, port } = server.address() as AddressInfo;
  const url = `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    const closed = new Promise<void>((done) => server.close(() => done()));
    server.closeIdleConnections();
    await pool.close();
    const closeIdle = setInterval(() => server.closeIdleConnections(), 50);
    await closed;
    clearInterval(closeIdle);
    release();
  };
  return {
    url,
    port,
    /** Statements that run now, at most `sessions`. */
    get busySessions() {
      return pool.busy;
    },
    /** Statements that wait for a session. */
    get queuedStatements() {
      return pool.queued;
    },
    /** Stops accepting, lets accepted statements finish, closes the engine. */
    close: () => (closing ??= close()),
  };
}
