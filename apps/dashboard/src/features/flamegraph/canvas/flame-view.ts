import { findNode, pathOf } from '@everflame/flamegraph';
import { currentTheme, onThemeChange } from '../../../ui/theme.ts';
import { describeNode, nodeFacts } from '../scene/node-facts.ts';
import { depthBelow, neighbour, widestChild } from './navigation.ts';
import { createStage, type FlameStage, type OutlineRect } from './flame-stage.ts';
import { canvasColours } from '../scene/palette.ts';
import { paintFlame, ROW_HEIGHT, type Frame, type LabelledBox, type Viewport } from './painter.ts';
import { type FlameScene, type SceneMarks } from '../scene/scene.ts';
import { FlameTooltip } from './tooltip.ts';

/** What the view tells its owner; it never changes the address itself. */
export interface FlameViewEvents {
  /** The viewer zoomed to a node; an empty path is the root. */
  readonly onZoom: (path: readonly string[]) => void;
  /** The viewer asked for what a stand-in below this path hides. */
  readonly onExpand: (path: readonly string[]) => void;
  /** The viewer pressed the key for the search field. */
  readonly onSearchKey: () => void;
  /** Where the keyboard is, in words. */
  readonly onFocusText: (text: string) => void;
}

const ROWS_ABOVE_ZOOMED = 3;

/** A flame graph in an element: canvases, pointer, keyboard, scrolling. Redraws at most once per animation frame. */
export class FlameView {
  readonly #events: FlameViewEvents;
  readonly #stage: FlameStage;
  readonly #tooltip: FlameTooltip;
  readonly #stop: (() => void)[] = [];
  #scene: FlameScene;
  #marks: SceneMarks | null = null;
  #zoomed = 0;
  #hovered = -1;
  #focused = -1;
  #frame: Frame = { drawn: 0, boxes: [] };
  #scheduled = 0;
  #isBaseDirty = true;

  constructor(host: HTMLElement, scene: FlameScene, events: FlameViewEvents) {
    this.#events = events;
    this.#scene = scene;
    this.#stage = createStage(host, () => this.#invalidate());
    this.#tooltip = new FlameTooltip(host);
    this.#stop.push(onThemeChange(() => this.#invalidate()));
    this.#listen(host);
    this.#setZoomedNode(0);
  }

  /** Shows another tree. Zoom, keyboard and scroll position stay where the new tree has the same path. */
  setScene(scene: FlameScene): void {
    const before = this.#scene.tree;
    const find = (node: number): number => (node < 0 ? -1 : findNode(scene.tree, pathOf(before, node)));
    const zoomed = find(this.#zoomed);
    this.#focused = find(this.#focused);
    this.#scene = scene;
    this.#marks = null;
    this.#hover(-1);
    if (zoomed < 0) this.#setZoomedNode(0);
    else this.#showZoomed(zoomed);
  }

  /** Marks symbols by id; null ends the search. */
  setMarks(flags: Uint8Array | null): void {
    this.#marks = flags === null ? null : { flags, counts: this.#scene.layout.countMarks(flags) };
    this.#invalidate();
  }

  /** Zooms to the node of a path; to the root when there is none in this tree. */
  setZoom(path: readonly string[]): void {
    const node = Math.max(0, findNode(this.#scene.tree, path));
    if (node !== this.#zoomed) this.#setZoomedNode(node);
  }

  /** Boxes with a label in the last frame. */
  boxes(): readonly LabelledBox[] {
    return this.#frame.boxes;
  }

  destroy(): void {
    cancelAnimationFrame(this.#scheduled);
    for (const stop of this.#stop) stop();
    this.#tooltip.remove();
    this.#stage.destroy();
  }

  #listen(host: HTMLElement): void {
    const controller = new AbortController();
    const { signal } = controller;
    this.#stop.push(() => controller.abort());
    const { scroller } = this.#stage;
    scroller.addEventListener('scroll', () => this.#invalidate(), { signal, passive: true });
    scroller.addEventListener('pointermove', (event) => this.#onPointerMove(event), { signal });
    scroller.addEventListener('pointerleave', () => this.#hover(-1), { signal });
    scroller.addEventListener('click', (event) => this.#activate(this.#nodeAt(event)), { signal });
    host.addEventListener('keydown', (event) => this.#onKey(event), { signal });
    host.addEventListener('blur', () => this.#focus(-1), { signal });
  }

  #viewport(): Viewport {
    const { layout } = this.#scene;
    const x0 = layout.start[this.#zoomed] ?? 0;
    const width = layout.width[this.#zoomed] ?? 1;
    return { ...this.#stage.size(), x0, x1: x0 + (width > 0 ? width : 1) };
  }

  #nodeAt(event: MouseEvent): number {
    const point = this.#stage.pointOf(event);
    const viewport = this.#viewport();
    const row = Math.floor((point.y + viewport.scrollTop) / ROW_HEIGHT);
    const x = viewport.x0 + (point.x / Math.max(1, viewport.width)) * (viewport.x1 - viewport.x0);
    return this.#scene.layout.hit(row, x);
  }

  #onPointerMove(event: PointerEvent): void {
    const node = this.#nodeAt(event);
    if (event.pointerType === 'touch') return;
    this.#hover(node);
    if (node >= 0) this.#tooltip.moveTo(event.clientX, event.clientY);
  }

  #hover(node: number): void {
    if (node === this.#hovered) return;
    this.#hovered = node;
    if (node < 0) this.#tooltip.hide();
    else this.#tooltip.show(nodeFacts(this.#scene, node));
    this.#stage.scroller.style.cursor = node < 0 ? 'default' : 'pointer';
    this.#schedule();
  }

  #activate(node: number): void {
    if (node < 0) return;
    const { tree } = this.#scene;
    if ((tree.cut[node] as number) > 0) {
      this.#events.onExpand(pathOf(tree, tree.parent[node] as number));
      return;
    }
    if (node !== this.#zoomed) this.#zoomTo(node);
  }

  #zoomTo(node: number): void {
    this.#setZoomedNode(node);
    this.#events.onZoom(pathOf(this.#scene.tree, node));
  }

  #setZoomedNode(node: number): void {
    this.#showZoomed(node);
    const level = this.#scene.tree.level[node] ?? 0;
    this.#stage.scroller.scrollTop = Math.max(0, level - ROWS_ABOVE_ZOOMED) * ROW_HEIGHT;
  }

  #showZoomed(node: number): void {
    this.#zoomed = node;
    this.#hover(-1);
    this.#stage.setContentHeight(depthBelow(this.#scene.layout, node) * ROW_HEIGHT);
    this.#invalidate();
  }

  #onKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const action = this.#keyAction(event.key);
    if (action === null) return;
    event.preventDefault();
    action();
  }

  #keyAction(key: string): (() => void) | null {
    const { layout, tree } = this.#scene;
    const node = this.#focused < 0 ? this.#zoomed : this.#focused;
    const outward = this.#zoomed === 0 ? null : () => this.#zoomTo(this.#outward());
    const actions: Readonly<Record<string, (() => void) | null>> = {
      ArrowUp: () => this.#focus(tree.parent[node] ?? -1, true),
      ArrowDown: () => this.#focus(this.#focused < 0 ? node : widestChild(layout, node), true),
      ArrowLeft: () => this.#focusBeside(node, -1),
      ArrowRight: () => this.#focusBeside(node, 1),
      Home: () => this.#focus(0, true),
      Enter: () => this.#activate(node),
      Escape: outward,
      Backspace: outward,
      '/': () => this.#events.onSearchKey(),
    };
    return actions[key] ?? null;
  }

  #focusBeside(node: number, direction: -1 | 1): void {
    const viewport = this.#viewport();
    const leastWidth = (viewport.x1 - viewport.x0) / Math.max(1, viewport.width);
    this.#focus(neighbour(this.#scene.layout, node, direction, { ...viewport, leastWidth }), true);
  }

  /** The nearest caller that is wider than the zoomed node, so that going back always shows something new. */
  #outward(): number {
    const { layout, tree } = this.#scene;
    const width = layout.width[this.#zoomed] as number;
    let node = tree.parent[this.#zoomed] as number;
    while (node > 0 && (layout.width[node] as number) <= width) node = tree.parent[node] as number;
    return Math.max(0, node);
  }

  #focus(node: number, isMove = false): void {
    if (node < 0 && isMove) return;
    this.#focused = node;
    this.#events.onFocusText(node < 0 ? '' : describeNode(this.#scene, node));
    if (node >= 0) this.#stage.reveal((this.#scene.tree.level[node] as number) * ROW_HEIGHT, ROW_HEIGHT);
    this.#schedule();
  }

  #invalidate(): void {
    this.#isBaseDirty = true;
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled !== 0) return;
    this.#scheduled = requestAnimationFrame(() => {
      this.#scheduled = 0;
      this.#draw();
    });
  }

  #draw(): void {
    const viewport = this.#viewport();
    if (viewport.width === 0) return;
    const theme = currentTheme();
    const { background, outline } = canvasColours(theme);
    if (this.#isBaseDirty) {
      this.#isBaseDirty = false;
      const scene = this.#scene;
      const context = this.#stage.baseContext();
      const picture = { scene, styles: scene.scheme.styles(theme), background, marks: this.#marks };
      if (context) this.#frame = paintFlame(context, picture, viewport);
      this.#publish();
    }
    this.#stage.drawOutlines(
      [this.#rectOf(this.#hovered, viewport, 1), this.#rectOf(this.#focused, viewport, 2)],
      outline,
    );
  }

  #rectOf(node: number, viewport: Viewport, line: number): OutlineRect | null {
    if (node < 0) return null;
    const { layout, tree } = this.#scene;
    const perUnit = viewport.width / (viewport.x1 - viewport.x0);
    const left = Math.max(0, ((layout.start[node] as number) - viewport.x0) * perUnit);
    const right = Math.min(
      viewport.width,
      ((layout.start[node] as number) + (layout.width[node] as number) - viewport.x0) * perUnit,
    );
    const y = (tree.level[node] as number) * ROW_HEIGHT - viewport.scrollTop;
    return { x: left, y, width: Math.max(2, right - left), height: ROW_HEIGHT - 1, line };
  }

  #publish(): void {
    const { tree } = this.#scene;
    this.#stage.publish({
      drawn: String(this.#frame.drawn),
      nodes: String(tree.count),
      total: String(tree.total[0] ?? 0),
      zoom: this.#zoomed === 0 ? '' : JSON.stringify(pathOf(tree, this.#zoomed)),
    });
  }
}
