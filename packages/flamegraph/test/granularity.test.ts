import { describe, expect, it } from 'vitest';
import { toCollapsed } from './support/folded.ts';
import { packageOf, regroup, reverseStacks, type Granularity, type Stacks } from '../src/index.ts';
import type { LinedFrames } from '../src/granularity.ts';

/** Frames 0 to 5, with names, files and lines. */
const FRAMES: readonly (readonly [name: string, file: string, line: number])[] = [
  ['main.main', '/app/main.go', 10],
  ['main.main', '/app/main.go', 20],
  ['main.work', '/app/work.go', 5],
  ['main.help', '/app/work.go', 9],
  ['runtime.mallocgc', '/go/src/runtime/malloc.go', 0],
  ['0x4711', '', 0],
];
const symbols: LinedFrames = {
  size: FRAMES.length,
  name: (id) => FRAMES[id]![0],
  file: (id) => FRAMES[id]![1],
  line: (id) => FRAMES[id]![2],
};

/** Two stacks, leaf first: `main.main:10 work help mallocgc 1`, `main.main:20 0x4711 2`. */
const stacks: Stacks<LinedFrames> = {
  symbols,
  offsets: Uint32Array.of(0, 4, 6),
  frames: Uint32Array.of(4, 3, 2, 0, 5, 1),
  left: Float64Array.of(1, 2),
};

describe('regroup', () => {
  it.each<[Granularity, string]>([
    ['function', 'main.main;0x4711 2\nmain.main;main.work;main.help;runtime.mallocgc 1\n'],
    [
      'line',
      'main.main /app/main.go:10;main.work /app/work.go:5;main.help /app/work.go:9;' +
        'runtime.mallocgc /go/src/runtime/malloc.go 1\n' +
        'main.main /app/main.go:20;0x4711 2\n',
    ],
    ['file', '/app/main.go;/app/work.go;/go/src/runtime/malloc.go 1\n/app/main.go;<unknown> 2\n'],
    ['package', 'main;<unknown> 2\nmain;runtime 1\n'],
  ])('by %s', (granularity, folded) => {
    expect(toCollapsed(regroup(stacks, granularity))).toBe(folded);
  });

  it('turns stacks around', () => {
    expect(toCollapsed(reverseStacks(regroup(stacks, 'package')))).toBe('<unknown>;main 2\nruntime;main 1\n');
  });
});

describe('packageOf', () => {
  it.each([
    ['github.com/a/b/pkg.(*T).Method', '/src/pkg/t.go', 'github.com/a/b/pkg'],
    ['github.com/a/b/v2.F', '', 'github.com/a/b/v2'],
    ['gopkg.in/yaml%2ev3.Unmarshal', '/m/yaml.go', 'gopkg.in/yaml.v3'],
    ['slices.SortFunc[...]', '/go/src/slices/sort.go', 'slices'],
    ['a/b.Map[github.com/x/y.T,...].Get', '/a/b.go', 'a/b'],
    ['main.main.func1.2', '/app/main.go', 'main'],
    ['cmpbody', '/go/src/internal/bytealg/compare_amd64.s', '/go/src/internal/bytealg'],
    ['handle', '/app/node_modules/express/lib/router.js', 'express'],
    ['x', 'file:///app/node_modules/a/node_modules/@scope/name/x.js', '@scope/name'],
    ['get', '/usr/lib/python3/dist-packages/requests/api.py', 'requests'],
    ['six', '/venv/lib/python3.12/site-packages/six.py', 'six'],
    ['readFile', 'node:fs/promises', 'node:fs'],
    ['com.foo.Bar.run', 'Bar.java', ''],
    ['f', 'C:\\app\\src\\main.js', 'C:/app/src'],
    ['operator new(unsigned long)', '', ''],
    ['0x4711', '', ''],
  ])('%s in %s is of %s', (name, file, expected) => {
    expect(packageOf(name, file)).toBe(expected);
  });
});
