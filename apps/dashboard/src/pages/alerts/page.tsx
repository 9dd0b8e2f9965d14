import type { AlertsResponse, RulesResponse } from '@everflame/contract';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { alertsQuery, rulesQuery } from '../../api/queries.ts';
import { AlertCard } from './alert-card.tsx';
import { RuleForm } from './rule-form.tsx';
import { RulesTable } from './rules-table.tsx';
import { EmptyState, QueryView } from '../../ui/states.tsx';
import { useSearchState } from '../../url/search-state.ts';
import type { AlertsSearch } from './search.ts';
import { Segmented } from '../../ui/controls.tsx';
import './alerts.css';

const REFRESH_MS = 5000;
const STATES = ['firing', 'pending', 'resolved'] as const;

/** What grows, and the rules that watch for it. */
export function AlertsPage() {
  const alerts = useQuery({ ...alertsQuery(), refetchInterval: REFRESH_MS });
  const rules = useQuery({ ...rulesQuery(), refetchInterval: REFRESH_MS * 2 });
  return (
    <>
      <title>Alerts · Everflame</title>
      <h1 className="page-title">Alerts</h1>
      <QueryView query={alerts} label="Loading alerts">
        {(answer) => <AlertList alerts={answer.alerts} />}
      </QueryView>
      <QueryView query={rules} label="Loading rules">
        {(answer) => <Rules rules={answer.rules} />}
      </QueryView>
    </>
  );
}

function AlertList({ alerts }: AlertsResponse) {
  const [search, change] = useSearchState<AlertsSearch>();
  const shown = alerts
    .filter((alert) => search.state === undefined || alert.state === search.state)
    .toSorted((a, b) => STATES.indexOf(a.state) - STATES.indexOf(b.state) || b.since - a.since);
  const name = (state: (typeof STATES)[number]): ReactNode => (
    <>
      <span className="capitalized">{state}</span> {alerts.filter((alert) => alert.state === state).length}
    </>
  );
  return (
    <>
      <div className="row controls">
        <Segmented
          label="State"
          value={search.state}
          options={[
            [undefined, <>All {alerts.length}</>],
            ...STATES.map((state) => [state, name(state)] as const),
          ]}
          onChange={(state) => change({ state }, true)}
        />
      </div>
      {shown.length === 0 ? (
        <EmptyState title={alerts.length === 0 ? 'Nothing is growing' : `No alert is ${search.state ?? ''}`}>
          <p>An alert appears here as soon as a rule sees growth, before it fires.</p>
        </EmptyState>
      ) : (
        shown.map((alert) => <AlertCard key={alert.id} alert={alert} />)
      )}
    </>
  );
}

function Rules({ rules }: RulesResponse) {
  const [search, change] = useSearchState<AlertsSearch>();
  const edited = rules.find((rule) => rule.id === search.rule && rule.source === 'api') ?? null;
  const isOpen = search.rule === 'new' || edited !== null;
  return (
    <>
      <div className="row section-head">
        <h2>Rules</h2>
        {isOpen ? null : (
          <button
            type="button"
            className="primary"
            data-testid="new-rule"
            onClick={() => change({ rule: 'new' }, true)}
          >
            New rule
          </button>
        )}
      </div>
      {isOpen ? (
        <RuleForm key={search.rule} rule={edited} onDone={() => change({ rule: undefined }, true)} />
      ) : null}
      {rules.length === 0 ? (
        <EmptyState title="No rules yet">
          <p>A rule watches a level such as the live heap and fires when it keeps growing.</p>
        </EmptyState>
      ) : (
        <RulesTable rules={rules} onEdit={(id) => change({ rule: id }, true)} />
      )}
    </>
  );
}
