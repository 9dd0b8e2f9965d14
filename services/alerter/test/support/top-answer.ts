import { answerSchema } from '@everflame/testkit';
import { HEAP_TYPE } from './record-builder.ts';

/** A body of GET /api/v1/top, checked against the contract. */
export function buildTopAnswer(
  functions: readonly { readonly name: string; readonly before: number; readonly after: number }[],
): string {
  const scope = {
    query: HEAP_TYPE,
    from: 0,
    to: 1,
    profiles: 1,
    series: 1,
    instanceSeconds: 0,
    total: 1,
    exact: true,
    otherKindProfiles: 0,
  };
  const answer = answerSchema('get', 'top').parse({
    type: HEAP_TYPE,
    kind: 'gauge',
    unit: 'bytes',
    normalize: 'none',
    left: scope,
    right: scope,
    functions: functions.map(({ name, before, after }) => ({
      name,
      file: 'main.go',
      self: before,
      total: before,
      selfRight: after,
      totalRight: after,
    })),
    functionCount: functions.length,
  });
  return JSON.stringify(answer);
}
