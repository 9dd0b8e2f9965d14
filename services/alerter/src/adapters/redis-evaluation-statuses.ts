import type { Principal } from '@everflame/service-kit';
import type { RedisConnections } from '@everflame/service-kit/redis';
import { type EvaluationStatuses, evaluationStatusSchema } from '../application/ports.ts';

/** Opens one hash per tenant, with a field per rule. */
export function redisEvaluationStatuses(connections: RedisConnections, prefix: string): EvaluationStatuses {
  const keyOf = ({ tenant }: Principal): string => `${prefix}:alerter:evaluations:${tenant}`;
  return {
    all: async (principal) => {
      const fields = await connections.ask((redis) => redis.hgetall(keyOf(principal)));
      const read = (text: string) => evaluationStatusSchema.parse(JSON.parse(text));
      return new Map(Object.entries(fields).map(([id, text]) => [id, read(text)]));
    },
    save: async (principal, ruleId, status) => {
      await connections.ask((redis) => redis.hset(keyOf(principal), ruleId, JSON.stringify(status)));
    },
    delete: async (principal, ruleId) => {
      await connections.ask((redis) => redis.hdel(keyOf(principal), ruleId));
    },
  };
}
