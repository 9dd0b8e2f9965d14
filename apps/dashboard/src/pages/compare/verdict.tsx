import type { Coverage } from '@everflame/contract';
import { formatValue } from '@everflame/flamegraph';
import type { FlamegraphAnswer } from '../../api/flamegraph.ts';
import { countOf } from '../../ui/count.ts';
import { Change, formatDelta } from '../../ui/change.tsx';

/** Both totals and what they are made of, in one line each. */
export function Verdict({ answer }: { answer: FlamegraphAnswer }) {
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
