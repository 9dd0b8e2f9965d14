import { useQuery } from '@tanstack/react-query';
import { flamegraphDiffQuery, type FlamegraphAnswer } from '../../api/flamegraph.ts';
import { topDiffQuery } from '../../api/queries.ts';
import { WHOLE_TREE } from '../../features/flamegraph/workspace/workspace-state.ts';
import { isLostSubtree, LostSubtree } from '../../features/flamegraph/workspace/tree-notices.tsx';
import { EmptyState, QueryView } from '../../ui/states.tsx';
import { Workspace } from '../../features/flamegraph/workspace/workspace.tsx';
import { ChangedTable } from './changed-table.tsx';
import type { ChangeComparison, CompareSearch } from './search.ts';
import type { Comparison } from './comparison.ts';
import { DiffLegend } from './diff-legend.tsx';
import { Verdict } from './verdict.tsx';
import { SelectField } from '../../ui/controls.tsx';

const TOP_LIMIT = 2000;

interface CompareViewProps {
  readonly comparison: Comparison;
  readonly search: CompareSearch;
  readonly onChange: ChangeComparison;
}

/** The diff flame graph with the ranked list of changes. */
export function CompareView({ comparison, search, onChange }: CompareViewProps) {
  const { left, right, normalize } = comparison;
  const tree = useQuery(
    flamegraphDiffQuery(left, right, normalize, { root: search.root, maxNodes: search.max }),
  );
  if (isLostSubtree(tree.error)) return <LostSubtree onWhole={() => onChange(WHOLE_TREE)} />;
  return (
    <section className="panel" aria-label="Comparison">
      <QueryView query={tree} label="Loading the comparison" rows={12}>
        {(answer) =>
          answer.tree.count <= 1 ? (
            <EmptyState title="Nothing to compare">
              <p>
                Neither side has a profile of this type. Choose other ranges, labels or another type above.
              </p>
            </EmptyState>
          ) : (
            <>
              <Verdict answer={answer} />
              <MissingSide answer={answer} />
              <Workspace
                answer={answer}
                state={search}
                onChange={onChange}
                label="Diff flame graph"
                testId="diff-flamegraph"
                widthMode={search.width ?? 'max'}
                table={<ChangedPane comparison={comparison} search={search} onChange={onChange} />}
                actions={
                  <SelectField
                    label="Width"
                    value={search.width ?? 'max'}
                    options={WIDTHS}
                    onChange={(width) => onChange({ width: width === 'max' ? undefined : width }, true)}
                  />
                }
                legend={<DiffLegend />}
              />
            </>
          )
        }
      </QueryView>
    </section>
  );
}

function MissingSide({ answer }: { answer: FlamegraphAnswer }) {
  const { left, right } = answer.header;
  const missing = left.profiles === 0 ? 'before' : right?.profiles === 0 ? 'after' : null;
  if (missing === null) return null;
  return (
    <p className="notice" role="status">
      There are no profiles on the side “{missing}”, so everything looks{' '}
      {missing === 'before' ? 'new' : 'gone'}. Choose another range or other labels for it.
    </p>
  );
}

function ChangedPane({ comparison, search, onChange }: CompareViewProps) {
  const { left, right, normalize } = comparison;
  const top = useQuery(topDiffQuery(left, right, normalize, TOP_LIMIT));
  return (
    <QueryView query={top} label="Loading what changed" rows={10}>
      {(answer) => (
        <ChangedTable
          top={answer}
          filter={search.q ?? ''}
          onPick={(name) => onChange({ q: search.q === name ? undefined : name }, true)}
        />
      )}
    </QueryView>
  );
}

const WIDTHS = [
  ['max', 'larger side'],
  ['right', 'after'],
  ['left', 'before'],
] as const;
