import { describe, expect, it } from 'vitest';
import { SharedReads } from '../src/shared-reads.ts';

/** A read that ends when it is told to, and remembers whether it was stopped. */
class HeldRead {
  starts = 0;
  readonly stopped: boolean[] = [];
  readonly #ends: ((text: string) => void)[] = [];

  readonly read = (signal: AbortSignal): Promise<Buffer> => {
    const index = this.starts++;
    signal.addEventListener('abort', () => (this.stopped[index] = true));
    return new Promise((resolve) => (this.#ends[index] = (text) => resolve(Buffer.from(text))));
  };

  end(index: number, text: string): void {
    this.#ends[index]?.(text);
  }
}

const CANCELLED = { code: 'query_cancelled' };

describe('SharedReads', () => {
  it('runs what is asked for at once a single time, and what is asked for afterwards again', async () => {
    const held = new HeldRead();
    const reads = new SharedReads();
    const both = [reads.run('a', undefined, held.read), reads.run('a', undefined, held.read)];
    const other = reads.run('b', undefined, held.read);
    held.end(0, 'one');
    held.end(1, 'two');
    expect((await Promise.all(both)).map(String)).toEqual(['one', 'one']);
    expect(String(await other)).toBe('two');
    const later = reads.run('a', undefined, held.read);
    held.end(2, 'three');
    expect(String(await later)).toBe('three');
    expect(held.starts).toBe(3);
  });

  it('stops a read only when everybody who waited for it has left', async () => {
    const held = new HeldRead();
    const reads = new SharedReads();
    const [first, second] = [new AbortController(), new AbortController()];
    const both = [first, second].map(({ signal }) => reads.run('a', signal, held.read));
    first.abort();
    await expect(both[0]).rejects.toMatchObject(CANCELLED);
    expect(held.stopped).toEqual([]);
    second.abort();
    await expect(both[1]).rejects.toMatchObject(CANCELLED);
    expect(held.stopped).toEqual([true]);
  });

  it('starts anew for someone who comes when the one before was stopped', async () => {
    const held = new HeldRead();
    const reads = new SharedReads();
    const leaving = new AbortController();
    const left = reads.run('a', leaving.signal, held.read);
    leaving.abort();
    await expect(left).rejects.toMatchObject(CANCELLED);
    const next = reads.run('a', undefined, held.read);
    held.end(1, 'two');
    expect(String(await next)).toBe('two');
  });

  it('passes a failure on to everybody, and does not start for someone who has left', async () => {
    const reads = new SharedReads();
    const failing = (): Promise<Buffer> => Promise.reject(new Error('broken'));
    const both = [reads.run('a', undefined, failing), reads.run('a', undefined, failing)];
    for (const each of both) await expect(each).rejects.toThrow('broken');
    const held = new HeldRead();
    await expect(reads.run('a', AbortSignal.abort(), held.read)).rejects.toMatchObject(CANCELLED);
    expect(held.starts).toBe(0);
  });
});
