import 'reflect-metadata';
import { randomUUID } from 'node:crypto';
import { DomainError } from '@everflame/profile';
import { type DynamicModule, type INestApplication, Module, type ModuleMetadata } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Registry } from 'prom-client';
import type { AllowedHosts } from '../http/allowed-hosts.ts';
import { answerClientError } from '../http/client-errors.ts';
import { DomainErrorFilter } from '../http/domain-error.filter.ts';
import { EXIT_CODES, isMendedByRestart } from './exit-code.ts';
import type { ReadinessCheck } from './health.ts';
import { boundConnections } from '../http/http-connections.ts';
import { ServiceKitModule } from './kit.module.ts';
import { createLogger, type Logger, PinoNestLogger } from '../logging.ts';
import { guardServer, RequestGuard, setDefaultHeaders } from '../http/request-guard.ts';
import { type Authenticate, setPrincipal } from '../principal.ts';
import { Preparation, type PreparationWork } from './preparation.ts';
import { startHeapSampling } from './self-profiling.ts';

const BODY_LIMIT_BYTES = 1024 * 1024;
const SHUTDOWN_TIMEOUT_MS = 15_000;
/** How long a service waits to be prepared before it opens its door all the same. */
const PREPARE_WAIT_MS = 2000;

/** What a service hands to `startService`. */
export interface ServiceDefinition {
  readonly logger: Logger;
  readonly metrics: Registry;
  readonly host: string;
  readonly port: number;
  /** Names besides `host`, `localhost` and addresses; none when absent. */
  readonly allowedHosts?: AllowedHosts;
  /** What it answers over HTTP, and what its controllers ask for. */
  readonly api: Pick<ModuleMetadata, 'controllers' | 'providers'>;
  readonly readinessChecks: readonly ReadinessCheck[];
  /**
   * Has to succeed once before the service can do its work, and is tried again until it does. The door opens a moment
   * later at the latest; until then the check `prepared` says what is waited for.
   */
  readonly prepare?: PreparationWork;
  /** Whether `configure` bounds the connections itself. */
  readonly boundsConnections?: boolean;
  /** Makes the principal of each request; needed where a controller asks for the `Caller`. */
  readonly authenticate?: Authenticate;
  /** Called before listening: further transports, Fastify plugins. */
  readonly configure?: (app: NestFastifyApplication) => Promise<void> | void;
  /** Called after the listeners are closed, in order: drain, then close connections. */
  readonly onClose?: () => Promise<void>;
}

export interface RunningService {
  readonly app: INestApplication;
  /** `http://host:port` that is really bound. */
  readonly url: string;
  /** Rejects when the service can never do its work with these settings and this database. */
  readonly prepared: Promise<void>;
  /** Stops listening, drains, and runs `onClose`. Safe to call twice. */
  close(): Promise<void>;
}

@Module({})
class RootModule {}

/** Starts a Nest application on Fastify with the shared edge: errors, health, metrics, self-profiling. */
export async function startService(definition: ServiceDefinition): Promise<RunningService> {
  const { logger } = definition;
  const preparation = definition.prepare && new Preparation(definition.prepare, logger);
  await preparation?.soon(PREPARE_WAIT_MS);
  const adapter = new FastifyAdapter({
    bodyLimit: BODY_LIMIT_BYTES,
    genReqId: () => randomUUID(),
    clientErrorHandler: answerClientError,
    // The guard says what is wrong; Node would close without a word.
    http: { requireHostHeader: false },
    // No part of a path is longer: what is wrong with a long one is said where it is read.
    routerOptions: { maxParamLength: 16_384 },
  });
  const checks = [...definition.readinessChecks, ...(preparation ? [preparation.check] : [])];
  const imports = [ServiceKitModule.forService(checks, definition.metrics)];
  const root: DynamicModule = { ...definition.api, module: RootModule, imports };
  const app = await NestFactory.create<NestFastifyApplication>(root, adapter, {
    logger: new PinoNestLogger(logger),
    abortOnError: false,
    forceCloseConnections: true,
  });
  app.useGlobalFilters(new DomainErrorFilter(logger));
  if (definition.authenticate !== undefined) authenticateRequests(app, definition.authenticate);
  const server = app.getHttpServer();
  setDefaultHeaders(server);
  await definition.configure?.(app);
  guardServer(server, new RequestGuard(definition.host, definition.allowedHosts), definition.metrics);
  if (definition.boundsConnections !== true) boundConnections(server, definition.metrics);
  await listen(app, definition);
  const url = (await app.getUrl()).replace('[::1]', '127.0.0.1');
  logger.info({ url }, 'listening');
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    preparation?.stop();
    closing ??= app.close().then(() => definition.onClose?.());
    return closing;
  };
  return { app, url, prepared: preparation?.done ?? Promise.resolve(), close };
}

function authenticateRequests(app: NestFastifyApplication, authenticate: Authenticate): void {
  const fastify = app.getHttpAdapter().getInstance();
  fastify.addHook('onRequest', (request, _reply, done) => {
    setPrincipal(request, authenticate);
    done();
  });
}

async function listen(app: NestFastifyApplication, { host, port }: ServiceDefinition): Promise<void> {
  try {
    // Of `localhost` Fastify makes a server for each address, and what was set on the first holds for that one alone.
    await app.listen(port, host === 'localhost' ? '127.0.0.1' : host);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') {
      const message = `Port ${port} on ${host} is in use by another program.`;
      const hint = 'End that program, or choose another port.';
      throw new DomainError('conflict', 'port_in_use', message, { hint, cause: error });
    }
    throw error;
  }
}

/**
 * The `main` of a service: starts it, closes it on SIGTERM, SIGINT or when the parent process goes away. When it cannot
 * start it leaves one clear line and exits 1, or 2 for what no restart mends.
 */
export async function runService(
  name: string,
  start: (logger: Logger) => Promise<RunningService>,
): Promise<void> {
  const logger = createLogger(name, process.env['LOG_LEVEL'] ?? 'info');
  try {
    startHeapSampling();
    const service = await start(logger);
    closeOnSignals(service, logger);
    process.send?.({ type: 'ready', url: service.url });
    await service.prepared;
  } catch (error) {
    if (error instanceof DomainError) logger.fatal({ code: error.code, hint: error.hint }, error.message);
    else logger.fatal({ err: error }, 'could not start');
    const code = isMendedByRestart(error) ? EXIT_CODES.failed : EXIT_CODES.unmendable;
    process.exitCode = code;
    setImmediate(() => process.exit(code));
  }
}

function closeOnSignals(service: RunningService, logger: Logger): void {
  const stop = (reason: string): void => {
    logger.info({ reason }, 'stopping');
    setTimeout(() => process.exit(1), SHUTDOWN_TIMEOUT_MS).unref();
    service.close().then(
      () => process.exit(0),
      (error: unknown) => {
        logger.error({ err: error }, 'stopping failed');
        process.exit(1);
      },
    );
  };
  process.once('SIGTERM', () => stop('SIGTERM'));
  process.once('SIGINT', () => stop('SIGINT'));
  if (process.channel) process.once('disconnect', () => stop('parent process is gone'));
}
