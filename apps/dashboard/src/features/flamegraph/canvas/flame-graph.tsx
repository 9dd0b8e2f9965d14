import { useEffect, useId, useRef, type RefObject } from 'react';
import { FlameView, type FlameViewEvents } from './flame-view.ts';
import type { LabelledBox } from './painter.ts';
import type { FlameScene } from '../scene/scene.ts';
import type { SearchResult } from '../workspace/use-search.ts';

declare global {
  interface Window {
    /** What is on the screen, for tests that drive a browser. */
    __everflame?: { flamegraph?: { boxes: () => readonly LabelledBox[] } };
  }
}

interface FlameGraphProps extends Omit<FlameViewEvents, 'onFocusText'> {
  readonly scene: FlameScene;
  readonly found: SearchResult;
  /** Path of the zoomed node. */
  readonly zoom: readonly string[];
  readonly label: string;
  readonly testId: string;
}

const HINT =
  'Arrow keys move: up to the caller, down to the widest callee, left and right to neighbours. ' +
  'Enter zooms, Escape goes back, slash searches. The table has the same numbers.';
const LIVE_DELAY_MS = 150;

/** The flame graph in React: it renders once; hovering, moving and scrolling never come back here. */
export function FlameGraph(props: FlameGraphProps) {
  const { scene, found, zoom, label, testId } = props;
  const id = useId();
  const host = useRef<HTMLDivElement>(null);
  const active = useRef<HTMLDivElement>(null);
  const view = useFlameView(host, active, props);
  useEffect(() => view.current?.setScene(scene), [view, scene]);
  useEffect(() => view.current?.setMarks(found.flags), [view, scene, found.flags]);
  const path = JSON.stringify(zoom);
  useEffect(() => view.current?.setZoom(JSON.parse(path) as string[]), [view, scene, path]);
  return (
    <>
      <div
        ref={host}
        className="flame-host"
        role="application"
        aria-roledescription="flame graph"
        aria-label={label}
        aria-describedby={`${id}-hint`}
        aria-activedescendant={`${id}-active`}
        tabIndex={0}
        data-testid={testId}
        data-matches={found.matched?.nodes ?? 0}
      >
        <div ref={active} id={`${id}-active`} className="visually-hidden" role="img" aria-label={label} />
      </div>
      <p id={`${id}-hint`} className="visually-hidden">
        {HINT}
      </p>
    </>
  );
}

/** Creates the view once and hands it the newest callbacks. */
function useFlameView(
  host: RefObject<HTMLDivElement | null>,
  active: RefObject<HTMLDivElement | null>,
  props: FlameGraphProps,
): RefObject<FlameView | null> {
  const view = useRef<FlameView | null>(null);
  const latest = useRef(props);
  useEffect(() => {
    latest.current = props;
  });
  useEffect(() => {
    if (!host.current) return undefined;
    const announcer = createAnnouncer(active.current);
    const created = new FlameView(host.current, latest.current.scene, {
      onZoom: (path) => latest.current.onZoom(path),
      onExpand: (path) => latest.current.onExpand(path),
      onSearchKey: () => latest.current.onSearchKey(),
      onFocusText: announcer.say,
    });
    view.current = created;
    const handle = { boxes: () => created.boxes() };
    window.__everflame = { ...window.__everflame, flamegraph: handle };
    return () => {
      announcer.remove();
      created.destroy();
      view.current = null;
      if (window.__everflame?.flamegraph === handle) delete window.__everflame.flamegraph;
    };
  }, [host, active]);
  return view;
}

/** Tells screen readers where the keyboard is, after a pause so that fast moves are not all read out. */
function createAnnouncer(active: HTMLElement | null): { say: (text: string) => void; remove: () => void } {
  const region = document.createElement('div');
  region.className = 'visually-hidden';
  region.setAttribute('aria-live', 'polite');
  region.dataset['testid'] = 'flamegraph-live';
  active?.parentElement?.after(region);
  let timer: ReturnType<typeof setTimeout> | undefined;
  return {
    say(text) {
      if (active && text !== '') active.setAttribute('aria-label', text);
      clearTimeout(timer);
      timer = setTimeout(() => {
        region.textContent = text;
      }, LIVE_DELAY_MS);
    },
    remove() {
      clearTimeout(timer);
      region.remove();
    },
  };
}
