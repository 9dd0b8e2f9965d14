import { ApiError } from '@everflame/client';
import { visibleText } from '@everflame/profile';
import type { UseQueryResult } from '@tanstack/react-query';
import { Link, useRouter } from '@tanstack/react-router';
import type { ReactNode } from 'react';

/** Placeholder of a first load, as tall as what will replace it. */
export function LoadingState({ label, rows = 6 }: { label: string; rows?: number }) {
  return (
    <div className="stack loading" data-testid="loading-state" role="status" aria-live="polite">
      <span className="visually-hidden">{label}</span>
      {Array.from({ length: rows }, (_, row) => (
        <span key={row} className="skeleton" style={{ inlineSize: `${96 - ((row * 17) % 45)}%` }} />
      ))}
    </div>
  );
}

/** Says why there is nothing and what to do about it. */
export function EmptyState({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="stack empty" data-testid="empty-state">
      <h2>{title}</h2>
      {children}
    </div>
  );
}

/** An error with everything needed to act on it or to report it. */
export function ErrorState({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const facts = error instanceof ApiError ? error : null;
  return (
    <div className="stack error" data-testid="error-state" role="alert">
      <p className="error-message">
        {error instanceof Error ? visibleText(error.message) : 'Something went wrong.'}
      </p>
      {facts?.hint ? <p>{visibleText(facts.hint)}</p> : null}
      <p className="error-facts">
        {facts ? (
          <>
            code <code>{facts.code}</code>
            {facts.status > 0 ? <> · HTTP {facts.status}</> : null}
            {facts.requestId ? (
              <>
                {' '}
                · request <code>{facts.requestId}</code>
              </>
            ) : null}
          </>
        ) : (
          'This is a fault in the dashboard itself.'
        )}
      </p>
      {onRetry ? (
        <button type="button" onClick={onRetry}>
          Retry
        </button>
      ) : null}
    </div>
  );
}

interface QueryViewProps<T> {
  readonly query: UseQueryResult<T>;
  /** What is being loaded, for screen readers. */
  readonly label: string;
  readonly rows?: number;
  readonly children: (answer: T) => ReactNode;
}

/** First load, failure, and the answer; an old answer stays, dimmed, while a new one is on its way. */
export function QueryView<T>({ query, label, rows, children }: QueryViewProps<T>) {
  const retry = (): void => void query.refetch();
  if (query.data === undefined) {
    if (query.isError) return <ErrorState error={query.error} onRetry={retry} />;
    return <LoadingState label={label} {...(rows === undefined ? {} : { rows })} />;
  }
  return (
    <div
      className="query-view"
      data-refreshing={query.isPlaceholderData || undefined}
      aria-busy={query.isFetching}
    >
      {query.isFetching ? <span className="progress" aria-hidden="true" /> : null}
      {query.isError ? <ErrorState error={query.error} onRetry={retry} /> : null}
      <div className="stack query-content">{children(query.data)}</div>
    </div>
  );
}

/** For an address that leads nowhere. */
export function NotFoundPage() {
  return (
    <EmptyState title="This page does not exist">
      <p>
        The address may be mistyped. <Link to="/">All services</Link> is a good place to start.
      </p>
    </EmptyState>
  );
}

/** For a fault while a page was drawn. */
export function CrashPage({ error }: { error: unknown }) {
  const router = useRouter();
  return <ErrorState error={error} onRetry={() => void router.invalidate()} />;
}
