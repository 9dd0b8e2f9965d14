import type { Coverage } from '@everflame/contract';
import { formatValue } from '@everflame/flamegraph';
import { useQuery } from '@tanstack/react-query';
import { useSyncExternalStore } from 'react';
import { flamegraphDiffQuery, type FlamegraphAnswer } from '../../api/flamegraph.ts';
import { topDiffQuery } from '../../api/queries.ts';
import { BUCKET_FIRST_COLOUR } from '../../features/flamegraph/scene/palette.ts';
import { CHANGE_SCHEME } from '../../features/flamegraph/scene/schemes/change.ts';
import { WHOLE_TREE } from '../../features/flamegraph/workspace/workspace-state.ts';
import { isLostSubtree, LostSubtree } from '../../features/flamegraph/workspace/tree-notices.tsx';
import { EmptyState, QueryView } from '../../ui/states.tsx';
import { Workspace } from '../../features/flamegraph/workspace/workspace.tsx';
import { ChangedTable } from './changed-table.tsx';
import type { ChangeComparison, CompareSearch } from './search.ts';
import type { Comparison } from './comparison.ts';
import { Change, formatDelta } from '../../ui/change.tsx';
import { SelectField } from '../../ui/controls.tsx';
import { countOf } from '../../ui/count.ts';
import { currentTheme, onThemeChange } from '../../ui/theme.ts';

const TOP_LIMIT = 2000;

interface CompareViewProps {
  readonly comparison: Comparison;
  readonly search: CompareSearch;
  readonly onChange: ChangeComparison;
}

/** The diff flame graph with the ranked list of changes. */
export function CompareView({ comparison, search, onChange }: CompareViewProps) {
  const { left, right, normalize } = comparison;
  const tree = useQuery(flamegraphDiffQuery(left, right, normalize, search));
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

/** Both totals and what they are made of, in one line each. */
function Verdict({ answer }: { answer: FlamegraphAnswer }) {
  const { header, tree } = answer;
  const before = tree.total[0] ?? 0;
  const after = tree.totalRight?.[0] ?? 0;
  const unit = header.unit;
  return (
    <div className="row verdict" data-testid="verdict">
      <Total title="Before" text={formatValue(before, unit)} scope={header.left} />
      <span className="verdict-arrow" aria-hidden="true">
        →
      </span>
      <Total title="After" text={formatValue(after, unit)} scope={header.right} />
      {header.normalize === 'share' ? (
        <p className="muted">Both sides are scaled to 100 %: what is seen is a shift between functions.</p>
      ) : (
        <p className="verdict-change">
          <Change before={before} now={after} />{' '}
          <span className="muted">{formatDelta(after - before, unit)}</span>
        </p>
      )}
    </div>
  );
}

function Total({ title, text, scope }: { title: string; text: string; scope: Coverage | undefined }) {
  return (
    <div className="verdict-total">
      <span className="muted">{title}</span>
      <strong>{text}</strong>
      {scope ? (
        <span className="muted">
          {countOf(scope.profiles, 'profile')}, {countOf(scope.series, 'series', 'series')}
        </span>
      ) : null}
    </div>
  );
}

/** What the colours of the diff mean. */
function DiffLegend() {
  const theme = useSyncExternalStore(onThemeChange, currentTheme);
  const ramp = CHANGE_SCHEME.styles(theme).slice(BUCKET_FIRST_COLOUR);
  return (
    <p className="row diff-legend muted">
      <span>less</span>
      <span className="ramp" aria-hidden="true">
        {ramp.map((style) => (
          <span key={style.fill} style={{ background: style.fill }} />
        ))}
      </span>
      <span>more</span>
      <span>
        Colour is the part of the whole change that a function is on the path of. + is new, − is gone.
      </span>
    </p>
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
