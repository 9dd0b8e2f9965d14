import { type DomainError, LabelSet } from '@everflame/profile';
import { FakeClock } from '@everflame/testkit';
import { describe, expect, it } from 'vitest';
import { type FlattenedProfile, Flattening } from '../src/application/flatten-job.ts';
import type { IncomingProfile } from '../src/application/incoming-profile.ts';
import { limitsOf } from '../src/application/limits/limit-settings.ts';
import { ProfileReceiver } from '../src/application/receive-profile.ts';
import { RowSink } from '../src/application/row-sink.ts';

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
