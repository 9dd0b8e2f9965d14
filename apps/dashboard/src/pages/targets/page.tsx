import type { TargetsResponse } from '@everflame/contract';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { targetsQuery } from '../../api/queries.ts';
import { TargetCard } from './target-card.tsx';
import { EmptyState, QueryView } from '../../ui/states.tsx';
import type { TargetsSearch } from './search.ts';
import './targets.css';

const REFRESH_MS = 5000;
const HEALTHS = ['down', 'unknown', 'up'] as const;

/** Every target with the literal outcome of its last scrapes; those that fail come first. */
export function TargetsPage() {
  const targets = useQuery({ ...targetsQuery(), refetchInterval: REFRESH_MS });
  return (
    <>
      <title>Targets · Everflame</title>
      <h1 className="page-title">Targets</h1>
      <QueryView query={targets} label="Loading targets">
        {(answer) =>
          answer.targets.length === 0 ? (
            <EmptyState title="Nothing is scraped">
              <p>
                The scraper has no targets. Add a <code>scrape_configs</code> entry to{' '}
                <code>everflame.yaml</code>; profiles that are pushed do not appear here.
              </p>
            </EmptyState>
          ) : (
            <TargetList targets={answer.targets} />
          )
        }
      </QueryView>
    </>
  );
}

function TargetList({ targets }: TargetsResponse) {
  const search = useSearch({ from: '/targets' });
  const wanted = search.q?.toLowerCase() ?? '';
  const shown = targets
    .filter((target) => search.health === undefined || target.health === search.health)
    .filter((target) =>
      JSON.stringify([target.url, target.pool, target.labels]).toLowerCase().includes(wanted),
    )
    .toSorted((a, b) => HEALTHS.indexOf(a.health) - HEALTHS.indexOf(b.health) || a.url.localeCompare(b.url));
  return (
    <>
      <TargetControls targets={targets} search={search} />
      {shown.length === 0 ? (
        <EmptyState title="No target matches">
          <p>Clear the filter to see all {targets.length} targets.</p>
        </EmptyState>
      ) : (
        shown.map((target) => <TargetCard key={target.id} target={target} />)
      )}
    </>
  );
}

function TargetControls({ targets, search }: TargetsResponse & { search: TargetsSearch }) {
  const navigate = useNavigate({ from: '/targets' });
  const set = (change: TargetsSearch): void =>
    void navigate({ search: (previous) => ({ ...previous, ...change }), replace: true });
  const count = (health: (typeof HEALTHS)[number]): number =>
    targets.filter((target) => target.health === health).length;
  return (
    <div className="controls">
      <div className="segmented" role="group" aria-label="Health">
        <button
          type="button"
          aria-pressed={search.health === undefined}
          onClick={() => set({ health: undefined })}
        >
          All {targets.length}
        </button>
        {HEALTHS.map((health) => (
          <button
            key={health}
            type="button"
            aria-pressed={search.health === health}
            onClick={() => set({ health })}
          >
            {health === 'unknown' ? 'Waiting' : health === 'up' ? 'Up' : 'Down'} {count(health)}
          </button>
        ))}
      </div>
      <label className="field grow">
        <span className="visually-hidden">Filter targets</span>
        <input
          type="search"
          placeholder="Filter by address, pool or label"
          value={search.q ?? ''}
          onChange={(event) => set({ q: event.target.value || undefined })}
        />
      </label>
    </div>
  );
}
