import { useEffect, useRef, useState } from 'react';
import { useQueryClient } from '@tanstack/react-query';
import { useSearchState } from '../url/search-state.ts';
import { rangeOf, type RangeSearch } from '../url/parameters.ts';
import { describeRange, isMoving, RANGE_PRESETS, type TimeRange } from '../time/range.ts';
import { RangeForm } from './range-form.tsx';

/** How often a live page asks again. */
export const LIVE_INTERVAL_MS = 10_000;

/** How often a page asks again that has nothing to show in a range that ends now. */
const WAITING_INTERVAL_MS = 5000;

/** When a view asks again by itself: live, or while it waits for its first profile in a range that ends now. */
export function refetchEvery(range: TimeRange, isLive: boolean, isEmpty: boolean): number | false {
  if (isLive) return LIVE_INTERVAL_MS;
  return isEmpty && isMoving(range) ? WAITING_INTERVAL_MS : false;
}

/** The range in the URL and the way to change it; a new range keeps everything else in the URL. */
export function useTimeRange(): { range: TimeRange; isLive: boolean; setRange: (range: TimeRange) => void } {
  const [search, setRange] = useSearchState<RangeSearch>();
  const range = rangeOf(search);
  return {
    range,
    isLive: search.live === true && isMoving(range),
    setRange,
  };
}

function useDismiss(isOpen: boolean, close: () => void) {
  const ref = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!isOpen) return undefined;
    const controller = new AbortController();
    const onPointer = (event: PointerEvent): void => {
      if (event.target instanceof Node && !ref.current?.contains(event.target)) close();
    };
    const onKey = (event: KeyboardEvent): void => {
      if (event.key === 'Escape') close();
    };
    document.addEventListener('pointerdown', onPointer, { signal: controller.signal });
    document.addEventListener('keydown', onKey, { signal: controller.signal });
    return () => controller.abort();
  });
  return ref;
}

function RangeMenu() {
  const { range, setRange } = useTimeRange();
  const [isOpen, setOpen] = useState(false);
  const ref = useDismiss(isOpen, () => setOpen(false));
  const apply = (next: TimeRange): void => {
    setRange(next);
    setOpen(false);
  };
  return (
    <div className="menu-anchor" ref={ref}>
      <button
        type="button"
        data-testid="time-range"
        aria-expanded={isOpen}
        aria-haspopup="dialog"
        onClick={() => setOpen(!isOpen)}
      >
        <span className="visually-hidden">Time range: </span>
        {describeRange(range, Date.now())}
      </button>
      {isOpen ? (
        <div className="panel popover range-popover" role="dialog" aria-label="Time range">
          <div className="row preset-row">
            {RANGE_PRESETS.map((preset) => (
              <button
                key={preset.from}
                type="button"
                aria-pressed={range.from === preset.from && range.to === 'now'}
                onClick={() => apply({ from: preset.from, to: 'now' })}
              >
                {preset.label}
              </button>
            ))}
          </div>
          <RangeForm className="range-form" names={{ from: 'From', to: 'To' }} range={range} onApply={apply}>
            {(problem) => (
              <>
                <p className="hint">now-2h, 2026-01-31 13:00 (your time zone), or Unix ms</p>
                {problem}
                <button type="submit" className="primary">
                  Apply
                </button>
              </>
            )}
          </RangeForm>
        </div>
      ) : null}
    </div>
  );
}

/** Presets, typed ranges, a refresh button and live refresh. */
export function TimeRangePicker() {
  const { range, isLive } = useTimeRange();
  const [, change] = useSearchState<RangeSearch>();
  const queryClient = useQueryClient();
  return (
    <div className="range-picker">
      <RangeMenu />
      <button
        type="button"
        className="icon-button"
        aria-label="Refresh"
        title="Refresh"
        onClick={() => void queryClient.invalidateQueries()}
      >
        <span aria-hidden="true">↻</span>
      </button>
      <button
        type="button"
        className="live-toggle"
        aria-pressed={isLive}
        disabled={!isMoving(range)}
        title={isMoving(range) ? 'Refresh every 10 s' : 'A fixed range does not change'}
        onClick={() => change({ live: isLive ? undefined : true }, true)}
      >
        <span className="live-dot" aria-hidden="true" /> Live
      </button>
    </div>
  );
}
