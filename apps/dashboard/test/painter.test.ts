import { findNode, packageOf, search, SymbolTable, type CallTree } from '@everflame/flamegraph';
import { StackSetBuilder, buildCallTree } from '@everflame/testkit';
import { describe, expect, it } from 'vitest';
import {
  BUCKET_CUT,
  BUCKET_FADED,
  BUCKET_FIRST_COLOUR,
  BUCKET_MATCH,
  BUCKET_RUNTIME,
  canvasColours,
} from '../src/features/flamegraph/scene/palette.ts';
import { diffBucket, diffStyles } from '../src/features/flamegraph/scene/schemes/change.ts';
import { packageBuckets, packageStyles } from '../src/features/flamegraph/scene/schemes/package.ts';
import {
  fitLabel,
  paintFlame,
  ROW_HEIGHT,
  type PaintContext,
  type Viewport,
} from '../src/features/flamegraph/canvas/painter.ts';
import { buildScene, type FlameScene, type SceneMarks } from '../src/features/flamegraph/scene/scene.ts';
import { manyStacks, SHOP_DIFF, stacksOf } from './support/stacks.ts';

interface Rect {
  readonly fill: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A 2D context that keeps what is drawn. */
class RecordingContext implements PaintContext {
  fillStyle = '';
  font = '';
  textBaseline: CanvasTextBaseline = 'alphabetic';
  readonly rects: Rect[] = [];
  readonly texts: { readonly text: string; readonly fill: string }[] = [];
  fillRect(x: number, y: number, width: number, height: number): void {
    this.rects.push({ fill: this.fillStyle, x, y, width, height });
  }
  fillText(text: string): void {
    this.texts.push({ text, fill: this.fillStyle });
  }
  measureText(text: string): TextMetrics {
    return { width: text.length * 7 } as TextMetrics;
  }
}

const VIEW: Viewport = { width: 1000, height: 400, ratio: 1, scrollTop: 0, x0: 0, x1: 1 };

function paint(scene: FlameScene, viewport: Viewport = VIEW, marks: SceneMarks | null = null) {
  const context = new RecordingContext();
  const styles = scene.scheme.styles('light');
  const { background } = canvasColours('light');
  const frame = paintFlame(context, { scene, styles, background, marks }, viewport);
  return { context, frame, boxes: context.rects.slice(1) };
}

function treeOf(lines: readonly string[], isDiff = false): CallTree {
  return buildCallTree(stacksOf(lines, isDiff));
}

const SMALL = ['app.main;app.work 60', 'app.main;runtime.gc 40'];

describe('painter', () => {
  it('fills one rectangle per box after the background, in the row of its depth', () => {
    const { boxes, frame, context } = paint(buildScene(treeOf(SMALL), 'count'));
    expect(context.rects[0]).toMatchObject({ x: 0, y: 0, width: 1000, height: 400, fill: '#ffffff' });
    expect(boxes).toHaveLength(4);
    expect(frame.drawn).toBe(4);
    expect(boxes.map((box) => box.y).toSorted((a, b) => a - b)).toEqual([0, 20, 40, 40]);
    const work = frame.boxes.find((box) => box.name === 'app.work');
    expect(work).toMatchObject({ x: 0, y: 2 * ROW_HEIGHT, width: 599, total: 60 });
  });

  it('draws names so that every character of them is seen', () => {
    const { context, frame } = paint(buildScene(treeOf(['app.main;a\u202egnp\u0007 60']), 'count'));
    expect(context.texts.map(({ text }) => text)).toContain('a\\u202egnp\\u0007');
    expect(frame.boxes.map(({ name }) => name)).toContain('a\\u202egnp\\u0007');
  });

  it('colours by package and keeps the runtime grey', () => {
    const scene = buildScene(treeOf(SMALL), 'count');
    const styles = packageStyles('light');
    const bucketOf = (...path: string[]): number => scene.bucket[findNode(scene.tree, path)] ?? -1;
    expect(bucketOf('app.main')).toBe(bucketOf('app.main', 'app.work'));
    expect(bucketOf('app.main', 'runtime.gc')).toBe(BUCKET_RUNTIME);
    const { boxes } = paint(scene);
    expect(boxes.filter((box) => box.fill === styles[BUCKET_RUNTIME]?.fill)).toHaveLength(1);
  });

  it('changes the fill colour once per colour, not once per box', () => {
    const { boxes } = paint(buildScene(treeOf(manyStacks(500)), 'count'));
    const changes = boxes.filter((box, index) => box.fill !== boxes[index - 1]?.fill).length;
    expect(boxes.length).toBeGreaterThan(500);
    expect(changes).toBe(new Set(boxes.map((box) => box.fill)).size);
  });

  it('draws no more than two boxes per pixel and row however many nodes there are', () => {
    const tree = treeOf(manyStacks(20_000));
    const viewport = { ...VIEW, width: 200, height: 200 };
    const { frame } = paint(buildScene(tree, 'count'), viewport);
    expect(tree.count).toBeGreaterThan(50_000);
    expect(frame.drawn).toBeLessThanOrEqual(10 * (2 * 200 + 2));
  });

  it('coalesces boxes narrower than a pixel into runs that leave no hole', () => {
    const lines = Array.from({ length: 5000 }, (_, index) => `app.f${String(index).padStart(4, '0')} 1`);
    const { boxes, frame } = paint(buildScene(treeOf(lines), 'count'), { ...VIEW, width: 100 });
    const row = boxes.filter((box) => box.y === ROW_HEIGHT).toSorted((a, b) => a.x - b.x);
    expect(frame.drawn).toBeLessThanOrEqual(1 + 202);
    const covered = new Set(row.flatMap((box) => Array.from({ length: box.width }, (_, at) => box.x + at)));
    expect(covered.size).toBe(100);
  });

  it('skips rows that are scrolled out of sight', () => {
    const deep = [`${Array.from({ length: 1000 }, (_, depth) => `app.f${depth}`).join(';')} 1`];
    const { frame } = paint(buildScene(treeOf(deep), 'count'), {
      ...VIEW,
      height: 100,
      scrollTop: 500 * ROW_HEIGHT,
    });
    expect(frame.drawn).toBe(5);
    expect(frame.boxes[0]?.name).toBe('app.f499');
  });

  it('draws a zoomed subtree over the whole width, below its callers', () => {
    const scene = buildScene(treeOf(SMALL), 'count');
    const node = findNode(scene.tree, ['app.main', 'runtime.gc']);
    const x0 = scene.layout.start[node] ?? 0;
    const { frame } = paint(scene, { ...VIEW, x0, x1: x0 + (scene.layout.width[node] ?? 0) });
    expect(frame.boxes.map((box) => [box.name, box.x, Math.round(box.width)])).toEqual(
      expect.arrayContaining([
        ['app.main', 0, 999],
        ['runtime.gc', 0, 999],
      ]),
    );
    expect(frame.boxes.some((box) => box.name === 'app.work')).toBe(false);
  });

  it('paints in device pixels and reports boxes in CSS pixels', () => {
    const { context, frame } = paint(buildScene(treeOf(SMALL), 'count'), { ...VIEW, ratio: 2 });
    expect(context.rects[0]).toMatchObject({ width: 2000, height: 800 });
    expect(frame.boxes.find((box) => box.name === 'app.main')).toMatchObject({
      x: 0,
      width: 999,
      height: 19,
    });
    expect(context.font).toMatch(/^23px /);
  });

  it('shows a match inside a run of boxes that are too narrow to be seen one by one', () => {
    const lines = Array.from({ length: 5000 }, (_, index) => `app.f${String(index).padStart(4, '0')} 1`);
    const scene = buildScene(treeOf(lines), 'count');
    const flags = search(scene.tree.symbols, 'f2500');
    const marks = { flags, counts: scene.layout.countMarks(flags) };
    const { boxes } = paint(scene, { ...VIEW, width: 100 }, marks);
    const styles = packageStyles('light');
    const matching = boxes.filter((box) => box.fill === styles[BUCKET_MATCH]?.fill);
    expect(matching).toHaveLength(1);
    expect(matching[0]?.x).toBe(50);
    expect(boxes.filter((box) => box.fill === styles[BUCKET_FADED]?.fill).length).toBeGreaterThan(90);
  });
});

describe('colours', () => {
  it('keeps text readable on every box in both themes', () => {
    for (const theme of ['light', 'dark'] as const) {
      for (const style of [...packageStyles(theme), ...diffStyles(theme)]) {
        expect(contrast(style.fill, style.text), `${theme} ${style.fill}`).toBeGreaterThanOrEqual(4.5);
      }
    }
  });

  it('gives the heaviest packages different colours', () => {
    const names = Array.from({ length: 15 }, (_, index) => `example.com/p${index}`);
    expect(new Set(packageBuckets(names).values()).size).toBe(15);
    expect(
      packageBuckets([...names, 'example.com/one-more']).get('example.com/one-more'),
    ).toBeGreaterThanOrEqual(BUCKET_FIRST_COLOUR);
  });

  it('colours a diff by contribution: the hot path strongly, a tiny function that doubled not at all', () => {
    const tree = treeOf(['app.main;app.hot 1000 2000', 'app.main;app.tiny 1 2'], true);
    const scene = buildScene(tree, 'count');
    expect(scene.bucket[findNode(tree, ['app.main', 'app.hot'])]).toBe(BUCKET_FIRST_COLOUR + 8);
    expect(scene.bucket[findNode(tree, ['app.main', 'app.tiny'])]).toBe(BUCKET_FIRST_COLOUR + 4);
    expect([diffBucket(-1), diffBucket(0), diffBucket(1)]).toEqual([5, 9, 13]);
  });

  it('marks new and gone functions of a diff with a sign', () => {
    const { context } = paint(buildScene(treeOf(SHOP_DIFF, true), 'count'), { ...VIEW, width: 4000 });
    const texts = context.texts.map(({ text }) => text);
    expect(texts).toContain('+ pricing.taxFor');
    expect(texts).toContain('− pricing.cacheGet');
  });

  it('tells a stand-in for cut nodes from a function', () => {
    const tree = { ...treeOf(SMALL) };
    const cut = new Uint32Array(tree.count);
    const node = findNode(tree, ['app.main', 'app.work']);
    cut[node] = 12;
    const { frame, context } = paint(buildScene({ ...tree, cut }, 'count'));
    expect(frame.boxes.map((box) => box.name)).toContain('(+12 functions)');
    expect(context.rects.some((rect) => rect.fill === packageStyles('light')[BUCKET_CUT]?.fill)).toBe(true);
  });
});

describe('labels and packages', () => {
  it('cuts a label to the cells of its box', () => {
    expect(fitLabel('runtime.mallocgc', 20)).toBe('runtime.mallocgc');
    expect(fitLabel('runtime.mallocgc', 8)).toBe('runtime…');
    expect(fitLabel('runtime.mallocgc', 2)).toBe('');
    expect(fitLabel('日本語関数', 6)).toBe('日本…');
  });

  it('colours alike what granularity=package shows as one node, and nothing else', () => {
    const packages = [
      [
        ['get', '/usr/lib/python3/site-packages/requests/api.py'],
        ['send', '/usr/lib/python3/site-packages/requests/adapters/http.py'],
      ],
      [
        ['gopkg.in/yaml%2ev3.Unmarshal', 'yaml.go'],
        ['gopkg.in/yaml%2ev3.(*Decoder).Decode', 'decode.go'],
      ],
      [
        ['std::io::write', '/rustc/1.80/library/std/src/io/mod.rs'],
        ['std::io::read', '/rustc/1.80/library/std/src/io/buffered.rs'],
      ],
      [['std::fs::open', '/rustc/1.80/library/std/src/fs/mod.rs']],
      [
        ['next', '/app/node_modules/@fastify/static/index.js'],
        ['reply', '/app/node_modules/@fastify/static/lib/send.js'],
      ],
      [['handle', '/srv/shop/dist/main.js']],
      [['github.com/acme/shop/api.(*Handler).Quote', 'api/quote.go']],
    ] as const;
    const measured = packages.flat();
    expect(packages.map((names) => new Set(names.map(([name, file]) => packageOf(name, file))).size)).toEqual(
      packages.map(() => 1),
    );
    const buckets = bucketsOf(measured);
    const byPackage = packages.map(
      (names) => new Set(names.map((frame) => buckets[measured.indexOf(frame)])),
    );
    expect(byPackage.map((found) => found.size)).toEqual(packages.map(() => 1));
    expect(new Set(byPackage.flatMap((found) => [...found])).size).toBe(packages.length);
  });

  it('greys what is of a runtime, and gives a function of no known package a colour of its own', () => {
    const runtime = bucketsOf([
      ['runtime.mallocgc', 'runtime/malloc.go'],
      ['readFile', 'node:fs'],
      ['(garbage collector)', ''],
      ['Garbage Collection', ''],
    ]);
    expect(runtime).toEqual(runtime.map(() => BUCKET_RUNTIME));
    const unknown = bucketsOf([
      ['tokio::runtime::park', ''],
      ['main', ''],
    ]);
    expect(new Set(unknown).size).toBe(2);
    expect(unknown).not.toContain(BUCKET_RUNTIME);
  });
});

/** The buckets of functions, given as name and file. */
function bucketsOf(measured: readonly (readonly [name: string, file: string])[]): (number | undefined)[] {
  const symbols = new SymbolTable();
  const builder = new StackSetBuilder(symbols);
  const ids = measured.map(([name, file]) => symbols.intern(name, file));
  for (const id of ids) builder.add([id], 1);
  const { tree, bucket } = buildScene(buildCallTree(builder.build()), 'count');
  return ids.map((id) => bucket[tree.symbol.indexOf(id)]);
}

/** WCAG contrast of two `#rrggbb` colours. */
function contrast(a: string, b: string): number {
  const light = Math.max(luminance(a), luminance(b));
  const dark = Math.min(luminance(a), luminance(b));
  return (light + 0.05) / (dark + 0.05);
}

function luminance(colour: string): number {
  const channel = (at: number): number => {
    const value = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5);
}
