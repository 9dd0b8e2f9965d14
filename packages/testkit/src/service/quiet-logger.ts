import { type Logger, pino } from 'pino';

/** Returns a logger for what runs without a service around it: it writes nothing, or only what is wrong. */
export function quietLogger(level: 'silent' | 'warn' = 'silent'): Logger {
  return pino({ level });
}
