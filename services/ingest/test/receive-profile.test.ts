import { type DomainError, LabelSet, RateLimitedError } from '@everflame/profile';
import { FakeClock } from '@everflame/testkit';
import { describe, expect, it } from 'vitest';
import { type FlattenedProfile, Flattening } from '../src/application/flatten/flatten-job.ts';
import type { IncomingProfile } from '../src/application/incoming-profile.ts';
import { limitsOf } from '../src/application/limits/limit-settings.ts';
import { ProfileReceiver } from '../src/application/receive-profile.ts';
import { RowSink } from '../src/application/record/row-sink.ts';

const HOUR_MS = 3_600_000;

class NoRows extends Flattening {
  override flatten(): Promise<FlattenedProfile> {
    return Promise.resolve({
      record: new Uint8Array(1),
      generation: 0,
      accepted: [],
      foldedLabelSets: 0,
      cutStacks: 0,
    });
  }
  override close(): Promise<void> {
    return Promise.resolve();
  }
}

class NoDisk extends RowSink {
  override readonly generation = 0;
  override readonly failure = '';
  override add(): Promise<void> {
    return Promise.resolve();
  }
  override close(): Promise<void> {
    return Promise.resolve();
  }
}

function profileOf(bytes: number): IncomingProfile {
  return {
    tenant: 'default',
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
    const receiver = new ProfileReceiver(new NoRows(), new NoDisk(), { limits }, clock, {
      flattened: () => undefined,
      repeated: () => undefined,
    });
    await receiver.receive(profileOf(1000));
    for (const jumpMs of [HOUR_MS, -2 * HOUR_MS, HOUR_MS]) {
      clock.advance(jumpMs);
      const refusal = await receiver.receive(profileOf(500)).catch((error: unknown) => error as DomainError);
      expect(refusal).toMatchObject({ code: 'limit_rate_bytes' });
    }
  });
});

describe('what is scarce', () => {
  const observer = { flattened: () => undefined, repeated: () => undefined };
  const codeOf = (receiver: ProfileReceiver, bytes: number, client: string): Promise<string> =>
    receiver.receive(profileOf(bytes), client).then(
      () => 'stored',
      (error: unknown) => (error as DomainError).code,
    );

  it('of the bytes per second is for those who send less than others', async () => {
    const limits = { ...limitsOf({ rateBytes: 1, burstBytes: 10_000 }), pendingBytes: 1e6 };
    const receiver = new ProfileReceiver(new NoRows(), new NoDisk(), { limits }, new FakeClock(), observer);
    expect(await codeOf(receiver, 100, 'modest')).toBe('stored');
    const outcomes: string[] = [];
    for (let i = 0; i < 10; i++) outcomes.push(await codeOf(receiver, 1000, 'greedy'));
    expect(outcomes).toContain('limit_rate_bytes');
    for (let i = 0; i < 5; i++) expect(await codeOf(receiver, 100, 'modest')).toBe('stored');
  });

  it('of the spool is for them, too', async () => {
    class NearlyFull extends NoDisk {
      override get scarcity(): DomainError {
        return new RateLimitedError('spool_full', 'There is little left.', 1);
      }
    }
    const limits = { ...limitsOf({}), pendingBytes: 1e6 };
    const receiver = new ProfileReceiver(
      new NoRows(),
      new NearlyFull(),
      { limits },
      new FakeClock(),
      observer,
    );
    expect(await codeOf(receiver, 100, 'modest')).toBe('stored');
    expect(await codeOf(receiver, 1000, 'greedy')).toBe('stored');
    expect(await codeOf(receiver, 1000, 'greedy')).toBe('spool_full');
    expect(await codeOf(receiver, 100, 'modest')).toBe('stored');
  });
});
