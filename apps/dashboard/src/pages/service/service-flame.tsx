import { useQuery } from '@tanstack/react-query';
import { flamegraphQuery } from '../../api/flamegraph.ts';
import { topQuery } from '../../api/queries.ts';
import { formatValue } from '@everflame/flamegraph';
import type { TreeHeader } from '@everflame/contract';
import { visibleText } from '@everflame/profile';
import { describeRange, type TimeRange } from '../../time/range.ts';
import { countOf } from '../../ui/count.ts';
import { EmptyState, QueryView } from '../../ui/states.tsx';
import { refetchEvery } from '../../ui/time-range-picker.tsx';
import { isLostSubtree, LostSubtree } from '../../features/flamegraph/workspace/tree-notices.tsx';
import { ShareMenu } from './share-menu.tsx';
import { TopTable } from '../../features/flamegraph/tables/top-table.tsx';
import { Workspace } from '../../features/flamegraph/workspace/workspace.tsx';
import {
  type ChangeWorkspace,
  WHOLE_TREE,
  type WorkspaceState,
} from '../../features/flamegraph/workspace/workspace-state.ts';

const TOP_LIMIT = 1000;

interface ServiceFlameProps {
  readonly service: string;
  readonly query: string;
  readonly range: TimeRange;
  readonly isLive: boolean;
  readonly state: WorkspaceState;
  readonly onChange: ChangeWorkspace;
}

/** Flame graph and table of one selector over one range. */
export function ServiceFlame({ service, query, range, isLive, state, onChange }: ServiceFlameProps) {
  const tree = useQuery({
    ...flamegraphQuery(query, range, state),
    refetchInterval: ({ state: { data } }) => refetchEvery(range, isLive, data?.header.left.profiles === 0),
  });
  if (isLostSubtree(tree.error)) return <LostSubtree onWhole={() => onChange(WHOLE_TREE)} />;
  return (
    <QueryView query={tree} label="Loading the flame graph" rows={12}>
      {(answer) =>
        answer.header.left.profiles === 0 || answer.tree.count <= 1 ? (
          <EmptyState title="Nothing to draw">
            <p>
              No profile in “{describeRange(range, Date.now())}” matches the type and the filters. Remove a
              filter, choose another type, or a longer range.
            </p>
          </EmptyState>
        ) : (
          <>
            <ScopeLine header={answer.header} />
            <Workspace
              answer={answer}
              state={state}
              onChange={onChange}
              label={`Flame graph of ${visibleText(service)}`}
              testId="flamegraph"
              table={
                <TopPane query={query} range={range} isLive={isLive} state={state} onChange={onChange} />
              }
              actions={<ShareMenu query={query} range={range} />}
            />
          </>
        )
      }
    </QueryView>
  );
}

function TopPane({ query, range, isLive, state, onChange }: Omit<ServiceFlameProps, 'service'>) {
  const top = useQuery({
    ...topQuery(query, range, TOP_LIMIT),
    refetchInterval: refetchEvery(range, isLive, false),
  });
  return (
    <QueryView query={top} label="Loading the functions" rows={10}>
      {(answer) => (
        <TopTable
          top={answer}
          filter={state.q ?? ''}
          onPick={(name) => onChange({ q: name || undefined }, true)}
        />
      )}
    </QueryView>
  );
}

/** What was merged: without it a total says little. */
function ScopeLine({ header }: { header: TreeHeader }) {
  const { left } = header;
  const isTime = header.kind === 'interval' && header.unit === 'nanoseconds' && left.instanceSeconds > 0;
  const cores = isTime ? formatValue(left.total / 1e9 / left.instanceSeconds, 'cores') : '';
  return (
    <p className="scope-line muted">
      <strong>{formatValue(left.total, header.unit)}</strong>
      {isTime ? ` (${cores} per instance while profiled)` : ''} from {countOf(left.profiles, 'profile')} of{' '}
      {countOf(left.series, 'series', 'series')}
      {header.kind === 'gauge' ? ' (mean level)' : ''}
    </p>
  );
}
