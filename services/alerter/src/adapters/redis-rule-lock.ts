import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Principal } from '@everflame/service-kit';
import type { RedisConnections } from '@everflame/service-kit/redis';
import type { RuleLock, RuleTurn } from '../application/ports.ts';

const HOLD_MS = 30_000;
const RETRY_MS = 50;
const RELEASE = `if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0`;
const EXTEND = `if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('pexpire', KEYS[1], ARGV[2]) end return 0`;

/** A key with an expiry, extended while the work goes on; the lock of a process that died is free after 30 s. */
export class RedisRuleLock implements RuleLock {
  readonly #redis: RedisConnections;
  readonly #prefix: string;

  constructor(redis: RedisConnections, prefix: string) {
    this.#redis = redis;
    this.#prefix = prefix;
  }

  async run<T>(
    { tenant }: Principal,
    { ruleId, waitMs }: RuleTurn,
    work: () => Promise<T>,
  ): Promise<T | undefined> {
    const key = `${this.#prefix}:alerter:rule-lock:${tenant}:${ruleId}`;
    const token = randomUUID();
    if (!(await this.#take(key, token, waitMs))) return undefined;
    const extending = setInterval(() => {
      this.#redis.commands.eval(EXTEND, 1, key, token, HOLD_MS).catch(() => undefined);
    }, HOLD_MS / 3);
    try {
      return await work();
    } finally {
      clearInterval(extending);
      // A failure to release only makes others wait for the expiry.
      await this.#redis.commands.eval(RELEASE, 1, key, token).catch(() => undefined);
    }
  }

  async #take(key: string, token: string, waitMs: number): Promise<boolean> {
    const deadline = performance.now() + waitMs;
    for (;;) {
      const answer = await this.#redis.ask((redis) => redis.set(key, token, 'PX', HOLD_MS, 'NX'));
      if (answer === 'OK') return true;
      if (performance.now() >= deadline) return false;
      await sleep(RETRY_MS);
    }
  }
}
