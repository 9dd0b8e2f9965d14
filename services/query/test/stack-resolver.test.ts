import { describe, expect, it } from 'vitest';
import type { LoadedStacks } from '@everflame/storage';
import { type FrameRows, UNRESOLVED } from '../src/application/stacks/stack-cache.ts';
import {
  type StackDictionary,
  type StackOwner,
  StackResolver,
  UNRESOLVED_RETRY_MS,
} from '../src/application/stacks/stack-resolver.ts';

/** Stack `n` has the frames n, n+1, n+2, leaf first; frame `n` is the function `f<n>`. */
class CountingDictionary implements StackDictionary {
  stacksAsked = 0;
  framesAsked = 0;
  readonly unknown = new Set<number>();
  readonly unknownFrames = new Set<number>();

  loadStacks(_scope: StackOwner, idLo: Uint32Array, idHi: Uint32Array): Promise<LoadedStacks> {
    this.stacksAsked += idLo.length;
    const known = [...idLo.keys()].filter((i) => !this.unknown.has(idLo[i] ?? 0));
    const frames = known.flatMap((i) => [0, 1, 2].map((offset) => (idLo[i] ?? 0) + offset));
    return Promise.resolve({
      idLo: Uint32Array.from(known, (i) => idLo[i] ?? 0),
      idHi: Uint32Array.from(known, (i) => idHi[i] ?? 0),
      offsets: Uint32Array.from({ length: known.length + 1 }, (_, i) => i * 3),
      frameIdLo: Uint32Array.from(frames),
      frameIdHi: new Uint32Array(frames.length),
    });
  }

  loadFrames(_tenant: string, idLo: Uint32Array, idHi: Uint32Array): Promise<FrameRows> {
    this.framesAsked += idLo.length;
    const known = idLo.filter((id) => !this.unknownFrames.has(id));
    const texts = Array.from(known, (id) => `f${id}`);
    const numbers = new Uint32Array(known.length);
    const rows = {
      idLo: known,
      idHi: idHi.slice(0, known.length),
      name: texts,
      file: texts,
      line: numbers,
      startLine: numbers,
      systemName: texts,
    };
    return Promise.resolve(rows);
  }
}

function namesOf({ cache, stacks }: Awaited<ReturnType<StackResolver['resolve']>>): string[][] {
  return Array.from(stacks, (stack) => Array.from(cache.framesOf(stack), (frame) => cache.name(frame)));
}

describe('StackResolver', () => {
  it('resolves stacks to frames, leaf first, and asks for each id once', async () => {
    const dictionary = new CountingDictionary();
    const resolver = new StackResolver(dictionary, 1 << 30);
    const hi = new Uint32Array(3);
    expect(namesOf(await resolver.resolve('t', Uint32Array.of(5, 6, 5), hi))).toEqual([
      ['f5', 'f6', 'f7'],
      ['f6', 'f7', 'f8'],
      ['f5', 'f6', 'f7'],
    ]);
    await resolver.resolve('t', Uint32Array.of(6, 5, 7), hi);
    expect(dictionary.stacksAsked).toBe(3);
    expect(dictionary.framesAsked).toBe(5);
  });

  it('starts anew when the cache is full, and still answers', async () => {
    const dictionary = new CountingDictionary();
    const resolver = new StackResolver(dictionary, 1);
    for (let round = 0; round < 3; round++) {
      expect(namesOf(await resolver.resolve('t', Uint32Array.of(1), Uint32Array.of(0)))).toEqual([
        ['f1', 'f2', 'f3'],
      ]);
    }
    expect(dictionary.stacksAsked).toBe(3);
  });

  it('evicts by use: what is asked for again stays, and answers keep what they were resolved with', async () => {
    const zero = new Uint32Array(1);
    const bytesOf = async (...ids: number[]): Promise<number> => {
      const resolver = new StackResolver(new CountingDictionary(), 1 << 30);
      await resolver.resolve('t', Uint32Array.from(ids), new Uint32Array(ids.length));
      return resolver.bytes;
    };
    const dictionary = new CountingDictionary();
    // Room for a cache of one stack, which is more than half of it, and an empty one.
    const resolver = new StackResolver(dictionary, (await bytesOf(1)) + (await bytesOf()));
    const asked: number[] = [];
    const answers: Awaited<ReturnType<StackResolver['resolve']>>[] = [];
    for (const id of [1, 1, 2, 2, 1]) {
      answers.push(await resolver.resolve('t', Uint32Array.of(id), zero));
      asked.push(dictionary.stacksAsked);
    }
    expect(asked).toEqual([1, 1, 2, 2, 3]);
    expect(answers.map((answer) => namesOf(answer)[0]?.[0])).toEqual(['f1', 'f1', 'f2', 'f2', 'f1']);
  });

  it('keeps tenants apart, and all of them within the budget', async () => {
    const dictionary = new CountingDictionary();
    const resolver = new StackResolver(dictionary, 2_000_000);
    for (let tenant = 0; tenant < 40; tenant++) {
      const ids = Uint32Array.from({ length: 200 }, (_, i) => tenant * 1000 + i);
      await resolver.resolve(`t${tenant}`, ids, new Uint32Array(200));
      await resolver.resolve(`t${tenant}`, ids, new Uint32Array(200));
      expect(resolver.bytes).toBeLessThanOrEqual(2_000_000);
    }
    expect(dictionary.stacksAsked).toBe(40 * 200);
  });

  it('has a stand-in for what storage does not know, and looks for it again after a while', async () => {
    const dictionary = new CountingDictionary();
    dictionary.unknown.add(9);
    dictionary.unknownFrames.add(6);
    let nowMs = 0;
    const reported: number[] = [];
    const observer = {
      looked: () => undefined,
      unresolved: (stacks: number) => void reported.push(stacks),
    };
    const resolver = new StackResolver(dictionary, 1 << 30, observer, () => nowMs);
    const ask = async (): Promise<Awaited<ReturnType<StackResolver['resolve']>>> =>
      resolver.resolve('t', Uint32Array.of(1, 9, 5), new Uint32Array(3));
    const bad = [['f1', 'f2', 'f3'], [UNRESOLVED], ['f5', UNRESOLVED, 'f7']];
    const first = await ask();
    expect(namesOf(first)).toEqual(bad);
    expect(Array.from(first.stacks, (stack) => first.cache.isUnresolved(stack))).toEqual([false, true, true]);
    for (let round = 0; round < 3; round++) expect(namesOf(await ask())).toEqual(bad);
    expect([dictionary.stacksAsked, reported]).toEqual([3, [2, 2, 2, 2]]);

    const { bytes } = resolver;
    for (let round = 1; round <= 50; round++) {
      nowMs += UNRESOLVED_RETRY_MS;
      expect(namesOf(await ask())).toEqual(bad);
      expect(dictionary.stacksAsked).toBe(3 + 2 * round);
    }
    expect(resolver.bytes).toBe(bytes);

    dictionary.unknown.clear();
    dictionary.unknownFrames.clear();
    nowMs += UNRESOLVED_RETRY_MS;
    expect(namesOf(await ask())).toEqual([
      ['f1', 'f2', 'f3'],
      ['f9', 'f10', 'f11'],
      ['f5', 'f6', 'f7'],
    ]);
    expect(namesOf(first)).toEqual(bad);
    expect(reported.length).toBe(54);
  });

  it('looks for what was not whole when its cache is evicted', async () => {
    const dictionary = new CountingDictionary();
    dictionary.unknown.add(9);
    const resolver = new StackResolver(dictionary, 1, undefined, () => 0);
    const ask = (): ReturnType<StackResolver['resolve']> =>
      resolver.resolve('t', Uint32Array.of(9), new Uint32Array(1));
    expect(namesOf(await ask())).toEqual([[UNRESOLVED]]);
    dictionary.unknown.clear();
    expect(namesOf(await ask())).toEqual([['f9', 'f10', 'f11']]);
  });
});
