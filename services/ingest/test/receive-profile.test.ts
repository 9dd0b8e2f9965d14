import { type DomainError, LabelSet, RateLimitedError } from '@everflame/profile';
import { FakeClock } from '@everflame/testkit';
import { describe, expect, it } from 'vitest';
import type { IncomingProfile } from '../src/application/incoming-profile.ts';
import { limitsOf } from '../src/application/limits/limit-settings.ts';
import { ProfileReceiver, type ReceiverLimits } from '../src/application/receive-profile.ts';
import type { RowSink } from '../src/application/record/row-sink.ts';
import { NoFlattening, NoSink } from './support/no-storage.ts';

const HOUR_MS = 3_600_000;

const principal = { tenant: 'default' };
const observer = { flattened: () => undefined, repeated: () => undefined };

function receiverWith(
  limits: ReceiverLimits,
  sink: RowSink = new NoSink(),
  clock = new FakeClock(),
): ProfileReceiver {
  return new ProfileReceiver({ flattening: new NoFlattening(), sink, limits, clock, observer });
}

function profileOf(bytes: number): IncomingProfile {
  return {
    labels: LabelSet.of({ service_name: 'shop' }),
    profileName: 'cpu',
    pprof: new Uint8Array(bytes),
    timeMs: 0,
    durationMs: 0,
    kinds: new Map(),
    idempotencyKey: '',
  };
}

describe('the bytes per second of a tenant', () => {
  it('are neither given away nor held back when the clock of the machine is set', async () => {
    const clock = new FakeClock();
    const limits = { ...limitsOf({ rateBytes: 1, burstBytes: 1000 }), pendingBytes: 1e6 };
    const receiver = receiverWith(limits, new NoSink(), clock);
    await receiver.receive(principal, profileOf(1000));
    for (const jumpMs of [HOUR_MS, -2 * HOUR_MS, HOUR_MS]) {
      clock.advance(jumpMs);
      const refusal = await receiver
        .receive(principal, profileOf(500))
        .catch((error: unknown) => error as DomainError);
      expect(refusal).toMatchObject({ code: 'limit_rate_bytes' });
    }
  });
});

describe('what is scarce', () => {
  const codeOf = (receiver: ProfileReceiver, bytes: number, client: string): Promise<string> =>
    receiver.receive(principal, profileOf(bytes), client).then(
      () => 'stored',
      (error: unknown) => (error as DomainError).code,
    );

  it('of the bytes per second is for those who send less than others', async () => {
    const limits = { ...limitsOf({ rateBytes: 1, burstBytes: 10_000 }), pendingBytes: 1e6 };
    const receiver = receiverWith(limits);
    expect(await codeOf(receiver, 100, 'modest')).toBe('stored');
    const outcomes: string[] = [];
    for (let i = 0; i < 10; i++) outcomes.push(await codeOf(receiver, 1000, 'greedy'));
    expect(outcomes).toContain('limit_rate_bytes');
    for (let i = 0; i < 5; i++) expect(await codeOf(receiver, 100, 'modest')).toBe('stored');
  });

  it('of the spool is for them, too', async () => {
    class NearlyFull extends NoSink {
      override get scarcity(): DomainError {
        return new RateLimitedError('spool_full', 'There is little left.', 1);
      }
    }
    const limits = { ...limitsOf({}), pendingBytes: 1e6 };
    const receiver = receiverWith(limits, new NearlyFull());
    expect(await codeOf(receiver, 100, 'modest')).toBe('stored');
    expect(await codeOf(receiver, 1000, 'greedy')).toBe('stored');
    expect(await codeOf(receiver, 1000, 'greedy')).toBe('spool_full');
    expect(await codeOf(receiver, 100, 'modest')).toBe('stored');
  });
});
