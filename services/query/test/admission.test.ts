import { describe, expect, it } from 'vitest';
import { Admission } from '../src/application/admission.ts';

const staying = new AbortController().signal;

describe('Admission', () => {
  it('lets as many run as it may, the others in the order they came', async () => {
    const admission = new Admission(2, 10);
    const order: number[] = [];
    const leaves: (() => void)[] = [];
    const enter = (who: number): Promise<void> =>
      admission.enter(staying).then((leave) => {
        order.push(who);
        leaves.push(leave);
      });
    const all = [0, 1, 2, 3].map(enter);
    await Promise.all(all.slice(0, 2));
    expect(admission.waiting).toBe(2);
    leaves[0]?.();
    leaves[0]?.();
    await all[2];
    expect(order).toEqual([0, 1, 2]);
    expect(admission.waiting).toBe(1);
    leaves[1]?.();
    await all[3];
    expect(order).toEqual([0, 1, 2, 3]);
  });

  it('refuses what comes when too many wait, and says when to come again', async () => {
    const admission = new Admission(1, 1);
    await admission.enter(staying);
    void admission.enter(staying);
    await expect(admission.enter(staying)).rejects.toMatchObject({
      code: 'too_many_queries',
      kind: 'exhausted',
      retryAfterMs: 1000,
    });
  });

  it('forgets who leaves while waiting', async () => {
    const admission = new Admission(1, 1);
    const leave = await admission.enter(staying);
    const leaving = new AbortController();
    const left = admission.enter(leaving.signal);
    leaving.abort();
    await expect(left).rejects.toMatchObject({ code: 'query_cancelled' });
    const next = admission.enter(staying);
    leave();
    await expect(next).resolves.toBeTypeOf('function');
  });
});
