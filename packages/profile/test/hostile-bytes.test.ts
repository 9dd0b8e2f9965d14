import { expect, it } from 'vitest';
import { pprofOfCollapsed, toCollapsed } from '@everflame/testkit';
import { DomainError, ProfileDecoder, saltOf, StackFlattener } from '../src/index.ts';
import { listCorpus, readCorpusProfile } from './corpus.ts';

const decoder = new ProfileDecoder();
const flattener = new StackFlattener();
const collapse = (bytes: Uint8Array): string =>
  toCollapsed(flattener.flatten(decoder.decode(bytes), { salt: saltOf('t') }), 0);

it('refuses hostile bytes with a DomainError and nothing else', () => {
  const files = [...listCorpus('own/gotest'), ...listCorpus('own/go')]
    .filter((path) => path.includes('.pb'))
    .map((path) => readCorpusProfile(path))
    .filter((bytes) => bytes.length < 10_000);
  files.push(pprofOfCollapsed({ stacks: ['main;work;alloc 3', 'main 1'], labels: { endpoint: '/' } }));
  const random = xorshift(20_231);
  let accepted = 0;
  for (let round = 0; round < 4000; round++) {
    const bytes = mutate(files[random() % files.length] as Uint8Array, random);
    try {
      collapse(bytes);
      accepted++;
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
    }
  }
  expect(accepted).toBeGreaterThan(500);
  expect(accepted).toBeLessThan(3500);
});

function xorshift(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

/** Changes a few bytes of a profile, and cuts some of them. */
function mutate(original: Uint8Array, random: () => number): Uint8Array {
  const isCut = random() % 4 === 0;
  const bytes = Uint8Array.from(original.subarray(0, isCut ? 1 + (random() % original.length) : undefined));
  const count = 1 + (random() % 3);
  for (let i = 0; i < count; i++) {
    const at = random() % bytes.length;
    const kind = random() % 4;
    if (kind === 0) bytes[at] = random() & 0xff;
    else if (kind === 1) bytes[at] = 0xff;
    else if (kind === 2) bytes.copyWithin(at, at + 1, at + 4);
    else bytes[at] = (bytes[at] ?? 0) ^ (1 << (random() % 8));
  }
  return bytes;
}
