import type { Principal } from '@everflame/service-kit';
import type { RedisConnections } from '@everflame/service-kit/redis';
import { z } from 'zod';
import type { EvaluationStatus, EvaluationStatuses } from '../application/ports.ts';

const statusSchema = z.object({
  evaluatedAt: z.number(),
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
});

/** One hash per tenant, with a field per rule. */
export class RedisEvaluationStatuses implements EvaluationStatuses {
  readonly #redis: RedisConnections;
  readonly #prefix: string;

  constructor(redis: RedisConnections, prefix: string) {
    this.#redis = redis;
    this.#prefix = prefix;
  }

  async all(principal: Principal): Promise<ReadonlyMap<string, EvaluationStatus>> {
    const fields = await this.#redis.ask((redis) => redis.hgetall(this.#keyOf(principal)));
    return new Map(Object.entries(fields).map(([id, text]) => [id, statusSchema.parse(JSON.parse(text))]));
  }

  async save(principal: Principal, ruleId: string, status: EvaluationStatus): Promise<void> {
    await this.#redis.ask((redis) => redis.hset(this.#keyOf(principal), ruleId, JSON.stringify(status)));
  }

  async delete(principal: Principal, ruleId: string): Promise<void> {
    await this.#redis.ask((redis) => redis.hdel(this.#keyOf(principal), ruleId));
  }

  #keyOf({ tenant }: Principal): string {
    return `${this.#prefix}:alerter:evaluations:${tenant}`;
  }
}
