import type { TargetsResponse } from '@everflame/contract';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { targetsQuery } from '../../api/queries.ts';
import { TargetCard } from './target-card.tsx';
import { EmptyState, QueryView } from '../../ui/states.tsx';
import type { TargetsSearch } from './search.ts';
import { useSearchState } from '../../url/search-state.ts';
import { FilterField, Segmented } from '../../ui/controls.tsx';
import './targets.css';

const REFRESH_MS = 5000;
const HEALTHS = ['down', 'unknown', 'up'] as const;
const HEALTH_NAMES = { down: 'Down', unknown: 'Waiting', up: 'Up' } as const;

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
  const [search] = useSearchState<TargetsSearch>();
  const wanted = search.q?.toLowerCase() ?? '';
  const shown = targets
    .filter((target) => search.health === undefined || target.health === search.health)
    .filter((target) =>
      JSON.stringify([target.url, target.pool, target.labels]).toLowerCase().includes(wanted),
    )
    .toSorted((a, b) => HEALTHS.indexOf(a.health) - HEALTHS.indexOf(b.health) || a.url.localeCompare(b.url));
  return (
    <>
      <TargetControls targets={targets} />
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

function TargetControls({ targets }: TargetsResponse) {
  const [search, change] = useSearchState<TargetsSearch>();
  const name = (health: (typeof HEALTHS)[number]): ReactNode => (
    <>
      {HEALTH_NAMES[health]} {targets.filter((target) => target.health === health).length}
    </>
  );
  return (
    <div className="row controls">
      <Segmented
        label="Health"
        value={search.health}
        options={[
          [undefined, <>All {targets.length}</>],
          ...HEALTHS.map((health) => [health, name(health)] as const),
        ]}
        onChange={(health) => change({ health }, true)}
      />
      <FilterField
        label="Filter targets"
        placeholder="Filter by address, pool or label"
        value={search.q}
        onChange={(q) => change({ q }, true)}
      />
    </div>
  );
}
