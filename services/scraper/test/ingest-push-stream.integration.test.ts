import { LabelSet } from '@everflame/profile';
import { FaultProxy, freePort, setClockAhead, waitFor } from '@everflame/testkit';
import { afterEach, describe, expect, it } from 'vitest';
import { IngestPushStream } from '../src/adapters/ingest-push-stream.ts';
import type { ProfilePush } from '../src/application/ports.ts';
import { RecordingIngest } from './support/recording-ingest.ts';

const closing: (() => void | Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

async function startIngest(
  ...parameters: Parameters<typeof RecordingIngest.start>
): Promise<RecordingIngest> {
  const ingest = await RecordingIngest.start(...parameters);
  closing.push(() => ingest.stop());
  return ingest;
}

function streamTo(port: number): IngestPushStream {
  const stream = new IngestPushStream(`127.0.0.1:${port}`);
  closing.push(() => stream.close());
  return stream;
}

function push(id: string, pprof: Uint8Array = new Uint8Array([1, 2, 3])): ProfilePush {
  return {
    id,
    labels: LabelSet.of({ service_name: 'shop', instance: 'a:1' }),
    profileName: 'memory',
    pprof,
    kinds: [{ sampleType: 'alloc_space', kind: 'interval' }],
    timeMs: 1_700_000_000_123,
    durationMs: 15_000,
  };
}

const EVERYONE = { tenant: 'default' };

describe('IngestPushStream', () => {
  it('carries a profile with labels, kinds and times', async () => {
    const ingest = await startIngest();
    await streamTo(ingest.port).push(EVERYONE, push('one'));
    expect(ingest.pushes).toEqual([
      {
        id: 'one',
        idempotencyKey: 'one',
        labels: [
          { name: 'instance', value: 'a:1' },
          { name: 'service_name', value: 'shop' },
        ],
        profileName: 'memory',
        pprof: Buffer.from([1, 2, 3]),
        kinds: [{ sampleType: 'alloc_space', kind: 'KIND_INTERVAL' }],
        timeUnixMs: '1700000000123',
        durationMs: '15000',
      },
    ]);
  });

  it('matches acknowledgements by id, in any order, on one stream', async () => {
    const waiting: string[] = [];
    const ingest = await startIngest(({ id }) => {
      if (id.startsWith('bad')) {
        return {
          id,
          error: { code: 'malformed_profile', message: 'No.', hint: 'Do better.', retryable: false },
        };
      }
      waiting.push(id);
      return { id: waiting.length === 2 ? (waiting[0] as string) : 'unknown' };
    });
    const stream = streamTo(ingest.port);
    const first = stream.push(EVERYONE, push('first'));
    await expect(stream.push(EVERYONE, push('bad'))).rejects.toMatchObject({
      code: 'malformed_profile',
      hint: 'Do better.',
      isRetryable: false,
    });
    void stream.push(EVERYONE, push('second')).catch(() => undefined);
    await first;
    expect(ingest.streams).toBe(1);
  });

  it('passes on when to try again', async () => {
    const error = { code: 'spool_full', message: 'Full.', retryable: true, retryAfterMs: 700 };
    const ingest = await startIngest(({ id }) => ({ id, error }));
    await expect(streamTo(ingest.port).push(EVERYONE, push('one'))).rejects.toMatchObject({
      code: 'spool_full',
      isRetryable: true,
      retryAfterMs: 700,
    });
  });

  it('opens another stream soon after the clock of the machine was set back by an hour', async () => {
    closing.push(() => setClockAhead(0));
    const port = await freePort();
    const stream = streamTo(port);
    await expect(stream.push(EVERYONE, push('one'))).rejects.toMatchObject({ code: 'ingest_unavailable' });
    setClockAhead(-3_600_000);
    const ingest = await startIngest(undefined, port);
    await waitFor(() => stream.push(EVERYONE, push('two')).then(() => true), { what: 'a push to be taken' });
    expect(ingest.pushes.map(({ id }) => id)).toEqual(['two']);
  });

  it('fails what is unacknowledged when the stream breaks, and opens another', async () => {
    const ingest = await startIngest(({ id }) => (id === 'lost' ? undefined : { id }));
    const proxy = await FaultProxy.start(ingest.port);
    closing.push(() => proxy.close());
    const stream = streamTo(proxy.port);
    const lost = stream.push(EVERYONE, push('lost'));
    lost.catch(() => undefined);
    await waitFor(() => ingest.pushes.length === 1, { what: 'the push' });
    await proxy.setMode({ kind: 'refuse' });
    await expect(lost).rejects.toMatchObject({ code: 'ingest_unavailable', isRetryable: true });
    await proxy.setMode({ kind: 'pass' });
    await waitFor(() => stream.push(EVERYONE, push('again')).then(() => true), { what: 'a new stream' });
    expect(ingest.streams).toBe(2);
  });

  it('refuses fast while ingest is away, and recovers when it comes', async () => {
    const port = await freePort();
    const stream = streamTo(port);
    await expect(stream.push(EVERYONE, push('one'))).rejects.toMatchObject({ code: 'ingest_unavailable' });
    await expect(stream.push(EVERYONE, push('one'))).rejects.toMatchObject({ code: 'ingest_unavailable' });
    await expect(stream.checkReady()).rejects.toThrow('ingest does not answer');
    const ingest = await startIngest(undefined, port);
    await waitFor(() => stream.push(EVERYONE, push('one')).then(() => true), { what: 'ingest' });
    await stream.checkReady();
    expect(ingest.pushes.map(({ id }) => id)).toEqual(['one']);
  });

  it('keeps a slow ingest from being flooded: 64 are on their way at once', async () => {
    const ingest = await startIngest(() => undefined);
    const stream = streamTo(ingest.port);
    const pushes = Array.from({ length: 100 }, (_, i) => stream.push(EVERYONE, push(`push-${i}`)));
    const outcomes = Promise.allSettled(pushes);
    await waitFor(() => ingest.pushes.length === 64, { what: '64 pushes' });
    stream.close();
    await outcomes;
    expect(ingest.pushes).toHaveLength(64);
  });

  it('delivers large profiles side by side', async () => {
    const ingest = await startIngest();
    const stream = streamTo(ingest.port);
    const large = new Uint8Array(2 * 1024 * 1024).fill(7);
    await Promise.all(Array.from({ length: 8 }, (_, i) => stream.push(EVERYONE, push(`large-${i}`, large))));
    expect(ingest.pushes.map(({ pprof }) => pprof.length)).toEqual(
      Array.from({ length: 8 }, () => large.length),
    );
  });

  it('fails what is on its way when it is closed', async () => {
    const ingest = await startIngest(() => undefined);
    const stream = streamTo(ingest.port);
    const pushing = stream.push(EVERYONE, push('one'));
    await waitFor(() => ingest.pushes.length === 1, { what: 'the push' });
    stream.close();
    await expect(pushing).rejects.toMatchObject({ message: 'The scraper is stopping.' });
    await expect(stream.push(EVERYONE, push('two'))).rejects.toMatchObject({ code: 'ingest_unavailable' });
  });
});
