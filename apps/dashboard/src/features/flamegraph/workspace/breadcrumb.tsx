import { shortName } from '@everflame/flamegraph';
import { visibleText } from '@everflame/profile';

const SHOWN_ENDS = { first: 1, last: 4 };

interface BreadcrumbProps {
  readonly path: readonly string[];
  /** Whether the tree has this path. */
  readonly isKnown: boolean;
  readonly onZoom: (path: readonly string[]) => void;
}

/** Where the flame graph is zoomed to; each step leads there. */
export function Breadcrumb({ path, isKnown, onZoom }: BreadcrumbProps) {
  if (!isKnown) {
    return (
      <p className="notice" data-testid="zoom-notice" role="status">
        No stack of this selection takes the zoomed path, so the whole tree is shown.
      </p>
    );
  }
  const isLong = path.length > SHOWN_ENDS.first + SHOWN_ENDS.last + 1;
  const steps = path.map((name, index) => ({ name, index }));
  const shown = isLong ? [...steps.slice(0, SHOWN_ENDS.first), ...steps.slice(-SHOWN_ENDS.last)] : steps;
  return (
    <nav className="breadcrumb" aria-label="Zoomed path" data-testid="breadcrumb">
      <ol>
        <li>
          {path.length === 0 ? (
            <span className="current" aria-current="location">
              total
            </span>
          ) : (
            <button type="button" className="quiet" onClick={() => onZoom([])}>
              total
            </button>
          )}
        </li>
        {shown.map(({ name, index }) => (
          <li key={index}>
            {isLong && index === path.length - SHOWN_ENDS.last ? (
              <span className="muted" title={visibleText(path.slice(SHOWN_ENDS.first, index).join(' › '))}>
                … {path.length - SHOWN_ENDS.first - SHOWN_ENDS.last} more …
              </span>
            ) : null}
            <Step
              name={name}
              isLast={index === path.length - 1}
              onClick={() => onZoom(path.slice(0, index + 1))}
            />
          </li>
        ))}
      </ol>
    </nav>
  );
}

function Step({ name, isLast, onClick }: { name: string; isLast: boolean; onClick: () => void }) {
  if (isLast) {
    return (
      <span className="mono current" aria-current="location" title={visibleText(name)}>
        {visibleText(shortName(name))}
      </span>
    );
  }
  return (
    <button type="button" className="quiet mono" title={visibleText(name)} onClick={onClick}>
      {visibleText(shortName(name))}
    </button>
  );
}
