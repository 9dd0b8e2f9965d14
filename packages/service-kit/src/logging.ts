import type { LoggerService } from '@nestjs/common';
import { type DestinationStream, type Logger, pino } from 'pino';

export type { Logger } from 'pino';

/** The command that Redis refused is part of an error of ioredis: the password where that was the login. */
const redact = { paths: ['err.command', 'error.command', '*.err.command'], remove: true };

/** Structured JSON logs on standard output: constant messages, facts in fields. */
export function createLogger(service: string, level = 'info', destination?: DestinationStream): Logger {
  const options = { level, base: { service }, timestamp: pino.stdTimeFunctions.isoTime, redact };
  return destination === undefined ? pino(options) : pino(options, destination);
}

/** Nest's own messages through pino; its start-up chatter is debug. */
export class PinoNestLogger implements LoggerService {
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  log(message: unknown, context?: string): void {
    this.#logger.debug({ context }, String(message));
  }

  error(message: unknown, ...rest: unknown[]): void {
    const detail = rest.length > 1 ? rest[0] : undefined;
    this.#logger.error({ context: rest.at(-1), detail }, String(message));
  }

  warn(message: unknown, context?: string): void {
    this.#logger.warn({ context }, String(message));
  }
}
