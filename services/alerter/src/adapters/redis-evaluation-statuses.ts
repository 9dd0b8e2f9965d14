import type { Principal } from '@everflame/service-kit';
import type { RedisConnections } from '@everflame/service-kit/redis';
import { z } from 'zod';
import type { EvaluationStatuses } from '../application/ports.ts';

const statusSchema = z.object({
  evaluatedAt: z.number(),
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
});

/** Opens one hash per tenant, with a field per rule. */
export function redisEvaluationStatuses(connections: RedisConnections, prefix: string): EvaluationStatuses {
  const keyOf = ({ tenant }: Principal): string => `${prefix}:alerter:evaluations:${tenant}`;
  return {
    all: async (principal) => {
      const fields = await connections.ask((redis) => redis.hgetall(keyOf(principal)));
      return new Map(Object.entries(fields).map(([id, text]) => [id, statusSchema.parse(JSON.parse(text))]));
    },
    save: async (principal, ruleId, status) => {
      await connections.ask((redis) => redis.hset(keyOf(principal), ruleId, JSON.stringify(status)));
    },
    delete: async (principal, ruleId) => {
      await connections.ask((redis) => redis.hdel(keyOf(principal), ruleId));
    },
  };
}
