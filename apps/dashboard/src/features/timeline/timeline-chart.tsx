import type { TimelineResponse } from '@everflame/contract';
import { formatValue } from '@everflame/flamegraph';
import { visibleText } from '@everflame/profile';
import { useEffect, useRef, useSyncExternalStore } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { currentTheme, onThemeChange, type Theme } from '../../ui/theme.ts';

const HEIGHT = 150;

/** Colours of lines in a timeline, distinct in lightness and hue for colour-blind viewers; light, then dark. */
export const SERIES_COLOURS: readonly { readonly light: string; readonly dark: string }[] = [
  { light: '#c2500a', dark: '#f2994a' },
  { light: '#2467b3', dark: '#62a8ee' },
  { light: '#1b7f5c', dark: '#4cc79a' },
  { light: '#8a4bb0', dark: '#c490e4' },
  { light: '#a3700a', dark: '#e0bb4d' },
  { light: '#b83260', dark: '#f080a5' },
  { light: '#3f7482', dark: '#7fbccb' },
  { light: '#6b6f1f', dark: '#b9be5e' },
];

interface TimelineChartProps {
  readonly timeline: TimelineResponse;
  /** Called with Unix ms after a drag over the chart. */
  readonly onSelect: (from: number, to: number) => void;
  readonly label: string;
}

/** Values over time with a brush; the same numbers stand in the text alternative. */
export function TimelineChart({ timeline, onSelect, label }: TimelineChartProps) {
  const host = useRef<HTMLDivElement>(null);
  const select = useRef(onSelect);
  const theme = useSyncExternalStore(onThemeChange, currentTheme);
  useEffect(() => {
    select.current = onSelect;
  }, [onSelect]);
  useEffect(() => {
    if (!host.current) return undefined;
    return mountChart(host.current, timeline, theme, (from, to) => select.current(from, to));
  }, [timeline, theme]);
  return (
    <div ref={host} className="timeline-chart" role="img" aria-label={`${label}. ${describe(timeline)}`} />
  );
}

function mountChart(
  host: HTMLDivElement,
  timeline: TimelineResponse,
  theme: Theme,
  onSelect: OnSelect,
): () => void {
  const chart = new uPlot(
    chartOptions(timeline, theme, host.clientWidth || 600, onSelect),
    chartColumns(timeline),
    host,
  );
  const observer = new ResizeObserver(() => {
    if (host.clientWidth > 0) chart.setSize({ width: host.clientWidth, height: HEIGHT });
  });
  observer.observe(host);
  return () => {
    observer.disconnect();
    chart.destroy();
  };
}

/** uPlot's columns: seconds, then one column per group. */
export function chartColumns(timeline: TimelineResponse): uPlot.AlignedData {
  const length = Math.max(0, ...timeline.groups.map((group) => group.values.length));
  const seconds = Array.from({ length }, (_, index) => (timeline.from + index * timeline.stepMs) / 1000);
  return [seconds, ...timeline.groups.map((group) => [...group.values])];
}

/** What a line stands for: its label values, the rest, or the whole. */
export function groupName(group: TimelineResponse['groups'][number]): string {
  if (group.rest) return 'all others';
  const values = Object.values(group.labels).map((value) => (value === '' ? '(none)' : value));
  return values.length === 0 ? 'total' : visibleText(values.join(', '));
}

type OnSelect = (from: number, to: number) => void;

function chartOptions(
  timeline: TimelineResponse,
  theme: Theme,
  width: number,
  onSelect: OnSelect,
): uPlot.Options {
  return {
    width,
    height: HEIGHT,
    padding: [8, 20, 0, 0],
    legend: { show: timeline.groups.length > 1, live: false },
    cursor: { drag: { x: true, y: false, setScale: false }, y: false, points: { size: 6 } },
    scales: {
      x: { time: true },
      y: { range: (_, low, high) => [Math.min(0, low), high > 0 ? high * 1.08 : 1] },
    },
    axes: axesOf(timeline.unit, theme),
    series: [{}, ...timeline.groups.map((group, index) => lineOf(groupName(group), index, theme))],
    hooks: { setSelect: [(chart) => reportSelection(chart, onSelect)] },
  };
}

const CLOCK = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const CLOCK_SECONDS = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' });
const DAY = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });

/** Labels of a time axis in the viewer's time zone; midnight shows the day. */
function timeLabels(splits: readonly number[], stepSeconds: number): string[] {
  return splits.map((seconds) => {
    const isMidnight = CLOCK.format(seconds * 1000) === '00:00';
    if (stepSeconds >= 86_400 || (stepSeconds >= 60 && isMidnight)) return DAY.format(seconds * 1000);
    return (stepSeconds >= 60 ? CLOCK : CLOCK_SECONDS).format(seconds * 1000);
  });
}

/** Round numbers of bytes are powers of two. */
const BYTE_STEPS = Array.from({ length: 50 }, (_, power) => 2 ** power);

function axesOf(unit: string, theme: Theme): uPlot.Axis[] {
  const grid = { stroke: theme === 'dark' ? '#262c35' : '#e8ebef', width: 1 };
  const shared: uPlot.Axis = {
    stroke: theme === 'dark' ? '#a3adba' : '#56606d',
    grid,
    ticks: grid,
    font: '11px system-ui, -apple-system, "Segoe UI", Roboto, Arial, sans-serif',
  };
  return [
    { ...shared, size: 28, values: (...[, splits, , , step]) => timeLabels(splits, step) },
    {
      ...shared,
      size: 88,
      ...(unit.startsWith('bytes') ? { incrs: BYTE_STEPS } : {}),
      values: (_, splits) => splits.map((value) => formatValue(value, unit)),
    },
  ];
}

function lineOf(label: string, index: number, theme: Theme): uPlot.Series {
  const stroke = SERIES_COLOURS[index % SERIES_COLOURS.length]?.[theme] ?? '#888888';
  return {
    label,
    stroke,
    width: 1.6,
    spanGaps: false,
    points: {
      show: true,
      size: 5,
      fill: stroke,
      filter: (chart, series) => loneValues(chart.data[series] ?? []),
    },
    ...(index === 0 ? { fill: `${stroke}1a` } : {}),
  };
}

/** Values without a neighbour: no line is drawn to them, so that they need a dot to be seen. */
export function loneValues(values: ArrayLike<number | null | undefined>): number[] {
  const isMissing = (index: number): boolean => values[index] === null || values[index] === undefined;
  return Array.from({ length: values.length }, (_, index) => index).filter(
    (index) => !isMissing(index) && isMissing(index - 1) && isMissing(index + 1),
  );
}

function reportSelection(chart: uPlot, onSelect: OnSelect): void {
  const { left, width } = chart.select;
  if (width < 4) return;
  const from = Math.round(chart.posToVal(left, 'x') * 1000);
  const to = Math.round(chart.posToVal(left + width, 'x') * 1000);
  chart.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
  onSelect(from, to);
}

/** The chart in words, for those who cannot see it. */
export function describe(timeline: TimelineResponse): string {
  const parts = timeline.groups.slice(0, SERIES_COLOURS.length).map((group) => {
    const values = group.values.filter((value) => value !== null);
    if (values.length === 0) return `${groupName(group)}: no values`;
    const low = formatValue(Math.min(...values), timeline.unit);
    const high = formatValue(Math.max(...values), timeline.unit);
    const last = formatValue(values.at(-1) ?? 0, timeline.unit);
    return `${groupName(group)}: ${low} to ${high}, last ${last}`;
  });
  return parts.join('; ');
}
