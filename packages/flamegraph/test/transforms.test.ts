import { describe, expect, it } from 'vitest';
import { applyTransforms, compileTransforms } from '../src/index.ts';
import type { TransformTexts } from '../src/transforms.ts';
import { stacksOf, toCollapsed } from './support/folded.ts';

const stacks = stacksOf('main;serve;json;malloc 1', 'main;serve;log 2', 'main;gc;malloc 4', 'idle 8');
const folded = (texts: TransformTexts, from = stacks): string[] =>
  toCollapsed(applyTransforms(from, compileTransforms(texts)))
    .split('\n')
    .filter(Boolean);

describe('applyTransforms', () => {
  it('gives the stacks back when there is nothing to do', () => {
    expect(applyTransforms(stacks, compileTransforms({ focus: '', hide: undefined }))).toBe(stacks);
  });

  it('focuses on stacks with a matching frame', () => {
    expect(folded({ focus: 'malloc' })).toEqual(['main;gc;malloc 4', 'main;serve;json;malloc 1']);
  });

  it('ignores stacks with a matching frame, even focused ones', () => {
    expect(folded({ ignore: 'serve' })).toEqual(['idle 8', 'main;gc;malloc 4']);
    expect(folded({ focus: 'malloc', ignore: '^g' })).toEqual(['main;serve;json;malloc 1']);
  });

  it('hides frames, leaves the value to the rest and drops stacks that are hidden whole', () => {
    expect(folded({ hide: 'malloc|idle' })).toEqual(['main;gc 4', 'main;serve;json 1', 'main;serve;log 2']);
  });

  it('focuses on hidden frames too', () => {
    expect(folded({ focus: 'json', hide: 'json' })).toEqual(['main;serve;malloc 1']);
  });

  it('shows from the matching frame nearest to the root', () => {
    expect(folded({ showFrom: '^b$' }, stacksOf('a;b;c;b 1', 'a;c 2', 'b 3'))).toEqual(['b 3', 'b;c;b 1']);
  });

  it('shows from what is left after hiding', () => {
    expect(folded({ hide: '^serve$', showFrom: 'serve|json' })).toEqual(['json;malloc 1']);
  });

  it('matches the file as well as the name', () => {
    expect(folded({ focus: 'json\\.go$' })).toEqual(['main;serve;json;malloc 1']);
  });

  it('drops stacks without frames as soon as there is a filter', () => {
    expect(folded({ ignore: 'nothing' }, stacksOf(' 1', 'a 2'))).toEqual(['a 2']);
  });

  it('keeps both sides of a diff', () => {
    expect(folded({ focus: 'b' }, stacksOf('a;b 1 2', 'a 3 4'))).toEqual(['a;b 1 2']);
  });
});

describe('compileTransforms', () => {
  it('refuses a pattern that is not valid with a stable code', () => {
    expect(() => compileTransforms({ hide: '(' })).toThrow(
      expect.objectContaining({ code: 'invalid_regex' }),
    );
  });
});
