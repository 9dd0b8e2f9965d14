import type { LayoutView } from '@everflame/flamegraph';
import type { StageSize } from './flame-stage.ts';
import { bucketUnder, boxLabel, nodeName, type FlameScene, type SceneMarks } from '../scene/scene.ts';
import type { BoxStyle } from '../scene/palette.ts';

/** Height of a row in CSS pixels, with the gap below it. */
export const ROW_HEIGHT = 20;
const GAP = 1;
const FONT_SIZE = 11.5;
const TEXT_PADDING = 4;
const LEAST_LABEL_CELLS = 3;
const FONT = 'ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace';

/** The 2D context calls that the painter makes. */
export type PaintContext = Pick<
  CanvasRenderingContext2D,
  'fillRect' | 'fillText' | 'measureText' | 'fillStyle' | 'font' | 'textBaseline'
>;

/** What of the scene is seen. */
export type Viewport = StageSize & LayoutView;

/** A box with a label in the last frame; CSS pixels relative to the canvas. */
export interface LabelledBox {
  readonly name: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly total: number;
}

/** What a frame drew. */
export interface Frame {
  /** Filled rectangles: boxes and runs of boxes that are narrower than a pixel. */
  readonly drawn: number;
  readonly boxes: readonly LabelledBox[];
}

/** Everything that decides the picture but the viewport. */
export interface Picture {
  readonly scene: FlameScene;
  readonly styles: readonly BoxStyle[];
  readonly background: string;
  readonly marks: SceneMarks | null;
}

interface Label {
  readonly node: number;
  readonly bucket: number;
  readonly x: number;
  readonly y: number;
  readonly width: number;
}

/**
 * Paints one frame in device pixels. The work is bounded by the pixels of the viewport, not by the nodes of the tree:
 * rows outside are not visited and boxes narrower than a pixel come as runs. Boxes are filled batch by batch of one colour.
 */
export function paintFlame(context: PaintContext, picture: Picture, viewport: Viewport): Frame {
  const { ratio } = viewport;
  context.fillStyle = picture.background;
  context.fillRect(0, 0, Math.round(viewport.width * ratio), Math.round(viewport.height * ratio));
  const batches: number[][] = picture.styles.map(() => []);
  const labels: Label[] = [];
  const drawn = collect(picture, viewport, batches, labels);
  batches.forEach((batch, bucket) => {
    if (batch.length === 0) return;
    context.fillStyle = picture.styles[bucket]?.fill ?? picture.background;
    for (let at = 0; at < batch.length; at += 4) {
      context.fillRect(batch[at] ?? 0, batch[at + 1] ?? 0, batch[at + 2] ?? 0, batch[at + 3] ?? 0);
    }
  });
  return { drawn, boxes: paintLabels(context, picture, viewport, labels) };
}

function collect(picture: Picture, viewport: Viewport, batches: number[][], labels: Label[]): number {
  const { scene, marks } = picture;
  const { ratio } = viewport;
  const pixels = Math.round(viewport.width * ratio);
  const height = Math.round((ROW_HEIGHT - GAP) * ratio);
  const leastLabel = (LEAST_LABEL_CELLS * FONT_SIZE * 0.6 + 2 * TEXT_PADDING) * ratio;
  const first = Math.max(0, Math.floor(viewport.scrollTop / ROW_HEIGHT));
  const bottom = viewport.scrollTop + viewport.height - 1;
  let drawn = 0;
  for (let row = first; row < scene.layout.depth && row * ROW_HEIGHT <= bottom; row++) {
    const y = Math.round((row * ROW_HEIGHT - viewport.scrollTop) * ratio);
    drawn += scene.layout.forEachVisible(row, viewport, pixels, (at, count, x, width) => {
      const left = Math.round(x);
      const full = Math.max(1, Math.round(x + width) - left);
      const drawnWidth = full > 3 * ratio ? full - Math.round(ratio) * GAP : full;
      const node = scene.layout.rowNodes[at] as number;
      const bucket = bucketUnder(scene, marks, at, count);
      batches[bucket]?.push(left, y, drawnWidth, height);
      if (count === 1 && full >= leastLabel) labels.push({ node, bucket, x: left, y, width: drawnWidth });
    });
  }
  return drawn;
}

function paintLabels(
  context: PaintContext,
  picture: Picture,
  viewport: Viewport,
  labels: Label[],
): LabelledBox[] {
  const { scene, styles } = picture;
  const { ratio } = viewport;
  context.font = `${FONT_SIZE * ratio}px ${FONT}`;
  context.textBaseline = 'middle';
  const cell = context.measureText('MMMMMMMMMM').width / 10 || FONT_SIZE * ratio * 0.6;
  const middle = ((ROW_HEIGHT - GAP) / 2) * ratio;
  labels.sort((a, b) => a.bucket - b.bucket);
  let bucket = -1;
  for (const label of labels) {
    if (label.bucket !== bucket) {
      bucket = label.bucket;
      context.fillStyle = styles[bucket]?.text ?? '#000000';
    }
    const cells = Math.floor((label.width - 2 * TEXT_PADDING * ratio) / cell);
    const text = fitLabel(boxLabel(scene, label.node), cells);
    if (text !== '') context.fillText(text, label.x + TEXT_PADDING * ratio, label.y + middle);
  }
  return labels.map((label) => ({
    name: nodeName(scene.tree, label.node),
    x: label.x / ratio,
    y: label.y / ratio,
    width: label.width / ratio,
    height: ROW_HEIGHT - GAP,
    total: scene.tree.total[label.node] as number,
  }));
}

/** A label cut to a number of monospace cells; characters beyond ASCII count as two. */
export function fitLabel(label: string, cells: number): string {
  // oxlint-disable-next-line no-control-regex
  if (/^[\x00-\x7f…−]*$/.test(label)) {
    if (label.length <= cells) return label;
    return cells < LEAST_LABEL_CELLS ? '' : `${label.slice(0, cells - 1)}…`;
  }
  let used = 0;
  let fitting = '';
  for (const character of label) {
    used += character.charCodeAt(0) > 0x7f ? 2 : 1;
    if (used > cells - 1) return fitting === '' ? '' : `${fitting}…`;
    fitting += character;
  }
  return fitting;
}
