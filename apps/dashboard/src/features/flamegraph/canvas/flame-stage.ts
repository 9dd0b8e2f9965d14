/** A rectangle of the overlay in CSS pixels; `line` is the width of its outline. */
export interface OutlineRect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly line: number;
}

/** What is seen, in CSS pixels. */
export interface StageSize {
  readonly width: number;
  readonly height: number;
  /** Device pixels per CSS pixel. */
  readonly ratio: number;
  readonly scrollTop: number;
}

/** The elements that a flame graph is drawn on. */
export type FlameStage = ReturnType<typeof createStage>;

/** Builds scroller, spacer and two viewport-sized canvases in the host. `onResize` also tells of a new pixel ratio. */
export function createStage(host: HTMLElement, onResize: () => void) {
  const elements = createElements(host);
  const { scroller, spacer, sticky, base, overlay } = elements;
  const stop = watchSize(scroller, onResize);
  const size = (): StageSize => ({
    width: scroller.clientWidth,
    height: scroller.clientHeight,
    ratio: window.devicePixelRatio || 1,
    scrollTop: scroller.scrollTop,
  });
  return {
    scroller,
    size,
    /** The position of a pointer event on the canvas. */
    pointOf(event: MouseEvent) {
      const box = sticky.getBoundingClientRect();
      return { x: event.clientX - box.left, y: event.clientY - box.top };
    },
    /** How tall the whole graph is; the stage is that tall up to the limit of its style sheet. */
    setContentHeight(height: number) {
      spacer.style.blockSize = `${height}px`;
      scroller.style.blockSize = `${height}px`;
    },
    /** Scrolls so that a row is seen. */
    reveal(y: number, height: number) {
      const { scrollTop, clientHeight } = scroller;
      if (y < scrollTop) scroller.scrollTop = y;
      else if (y + height > scrollTop + clientHeight) scroller.scrollTop = y + height - clientHeight;
    },
    /** The context of the picture with the canvas at its right size; null where there is no canvas. */
    baseContext() {
      fit(base, sticky, size());
      return base.getContext('2d', { alpha: false });
    },
    drawOutlines(rects: readonly (OutlineRect | null)[], colour: string) {
      fit(overlay, sticky, size());
      const context = overlay.getContext('2d');
      if (context) strokeRects(context, rects, colour, size().ratio);
    },
    /** Shows facts of the last frame as data attributes. */
    publish(facts: Readonly<Record<string, string>>) {
      for (const [name, value] of Object.entries(facts)) {
        if (host.dataset[name] !== value) host.dataset[name] = value;
      }
    },
    destroy() {
      stop();
      scroller.remove();
    },
  };
}

function createElements(host: HTMLElement) {
  const document = host.ownerDocument;
  const element = (name: string): HTMLDivElement => {
    const created = document.createElement('div');
    created.className = name;
    return created;
  };
  const scroller = element('flame-scroller');
  const spacer = element('flame-spacer');
  const sticky = element('flame-sticky');
  const base = document.createElement('canvas');
  const overlay = document.createElement('canvas');
  overlay.className = 'flame-overlay';
  sticky.append(base, overlay);
  spacer.append(sticky);
  scroller.append(spacer);
  host.append(scroller);
  return { scroller, spacer, sticky, base, overlay };
}

/** Gives a canvas one pixel per device pixel; setting the size empties it, so only when it changed. */
function fit(canvas: HTMLCanvasElement, sticky: HTMLElement, size: StageSize): void {
  const width = Math.round(size.width * size.ratio);
  const height = Math.round(size.height * size.ratio);
  if (canvas.width === width && canvas.height === height) return;
  canvas.width = width;
  canvas.height = height;
  canvas.style.inlineSize = `${size.width}px`;
  canvas.style.blockSize = `${size.height}px`;
  sticky.style.blockSize = `${size.height}px`;
}

function strokeRects(
  context: CanvasRenderingContext2D,
  rects: readonly (OutlineRect | null)[],
  colour: string,
  ratio: number,
): void {
  context.clearRect(0, 0, context.canvas.width, context.canvas.height);
  context.strokeStyle = colour;
  for (const rect of rects) {
    if (!rect) continue;
    const line = rect.line * ratio;
    context.lineWidth = line;
    context.strokeRect(
      Math.round(rect.x * ratio) + line / 2,
      Math.round(rect.y * ratio) + line / 2,
      Math.max(line, Math.round(rect.width * ratio) - line),
      Math.round(rect.height * ratio) - line,
    );
  }
}

function watchSize(scroller: HTMLElement, onResize: () => void): () => void {
  const observer = new ResizeObserver(onResize);
  observer.observe(scroller);
  let query: MediaQueryList | null = null;
  const onRatio = (): void => {
    query?.removeEventListener('change', onRatio);
    query = matchMedia(`(resolution: ${window.devicePixelRatio}dppx)`);
    query.addEventListener('change', onRatio);
    onResize();
  };
  onRatio();
  return () => {
    observer.disconnect();
    query?.removeEventListener('change', onRatio);
  };
}
