import type { Redis } from 'ioredis';
import { z } from 'zod';
import { type EvaluationStatus, EvaluationStatuses } from '../application/ports.ts';
import { askRedis } from './redis-connection.ts';

const statusSchema = z.object({
  evaluatedAt: z.number(),
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
});

/** One hash with a field per rule. */
export class RedisEvaluationStatuses extends EvaluationStatuses {
  readonly #redis: Redis;
  readonly #key: string;

  constructor(redis: Redis, prefix: string) {
    super();
    this.#redis = redis;
    this.#key = `${prefix}:alerter:evaluations`;
  }

  async all(): Promise<ReadonlyMap<string, EvaluationStatus>> {
    const fields = await askRedis(this.#redis, () => this.#redis.hgetall(this.#key));
    return new Map(Object.entries(fields).map(([id, text]) => [id, statusSchema.parse(JSON.parse(text))]));
  }

  async save(ruleId: string, status: EvaluationStatus): Promise<void> {
    await askRedis(this.#redis, () => this.#redis.hset(this.#key, ruleId, JSON.stringify(status)));
  }

  async delete(ruleId: string): Promise<void> {
    await askRedis(this.#redis, () => this.#redis.hdel(this.#key, ruleId));
  }
}
