import { Link, useRouter } from '@tanstack/react-router';
import { EmptyState, ErrorState } from './states.tsx';

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
