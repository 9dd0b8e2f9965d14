import { useQuery } from '@tanstack/react-query';
import type { TimelineResponse } from '@everflame/contract';
import { formatValue } from '@everflame/flamegraph';
import { timelineQuery } from '../../api/queries.ts';
import type { TimeRange } from '../../time/range.ts';
import { QueryView } from '../../ui/states.tsx';
import { refetchEvery } from '../../ui/time-range-picker.tsx';
import { describe, SERIES_COLOURS, TimelineChart } from './timeline-chart.tsx';
import './timeline.css';

interface TimelinePanelProps {
  readonly title: string;
  readonly query: string;
  readonly range: TimeRange;
  readonly groupBy?: string | undefined;
  readonly isLive?: boolean;
  readonly onSelect: (range: TimeRange) => void;
}

/** One selector over time; a drag selects a range. */
export function TimelinePanel({
  title,
  query,
  range,
  groupBy,
  isLive = false,
  onSelect,
}: TimelinePanelProps) {
  const timeline = useQuery({
    ...timelineQuery(query, range, groupBy),
    refetchInterval: ({ state: { data } }) => refetchEvery(range, isLive, data?.groups.length === 0),
  });
  return (
    <QueryView query={timeline} label={`Loading ${title}`} rows={4}>
      {(answer) =>
        answer.groups.every((group) => group.values.every((value) => value === null)) ? (
          <p className="muted timeline-empty">No profiles of this type in this range.</p>
        ) : (
          <>
            <p className="row timeline-summary">
              <strong>{title}</strong>{' '}
              <span className="muted">{headline(answer)} · drag to select a range</span>
            </p>
            <TimelineChart
              timeline={largestGroups(answer)}
              label={title}
              onSelect={(from, to) => onSelect({ from: String(from), to: String(to) })}
            />
          </>
        )
      }
    </QueryView>
  );
}

function headline(timeline: TimelineResponse): string {
  if (timeline.groups.length > SERIES_COLOURS.length) {
    return `${SERIES_COLOURS.length} largest of ${timeline.groups.length} values`;
  }
  if (timeline.groups.length > 1) return `${timeline.groups.length} values`;
  const values = (timeline.groups[0]?.values ?? []).filter((value) => value !== null);
  const mean = values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
  return `mean ${formatValue(mean, timeline.unit)}, ${describe(timeline).replace(/^total: /, '')}`;
}

function largestGroups(timeline: TimelineResponse): TimelineResponse {
  if (timeline.groups.length <= SERIES_COLOURS.length) return timeline;
  const groups = timeline.groups.toSorted((a, b) => b.total - a.total).slice(0, SERIES_COLOURS.length);
  return { ...timeline, groups };
}
