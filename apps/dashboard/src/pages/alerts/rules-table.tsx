import type { Rule, RulesResponse } from '@everflame/contract';
import { formatValue } from '@everflame/flamegraph';
import { visibleText } from '@everflame/profile';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../api/client.ts';
import { describeDuration, formatAgo } from '../../time/range.ts';
import { ErrorState } from '../../ui/states.tsx';
import { TableHead } from '../../ui/table.tsx';

/** Every rule with its last evaluation; rules from the file are shown but not changed here. */
export function RulesTable({ rules, onEdit }: RulesResponse & { onEdit: (id: string) => void }) {
  const queryClient = useQueryClient();
  const remove = useMutation({
    mutationFn: (id: string) => api.send('delete', 'rules/{id}', { params: { id } }),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: ['rules'] }),
  });
  return (
    <section className="panel flush">
      {remove.isError ? <ErrorState error={remove.error} /> : null}
      <div className="table-scroll">
        <table className="cards-when-narrow">
          <TableHead columns={['Rule', 'Fires when', 'Last evaluated', { hidden: 'Actions' }]} />
          <tbody>
            {rules.map((rule) => (
              <RuleRow
                key={rule.id}
                rule={rule}
                onEdit={() => onEdit(rule.id)}
                onDelete={() => remove.mutate(rule.id)}
                isBusy={remove.isPending && remove.variables === rule.id}
              />
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

interface RuleRowProps {
  readonly rule: Rule;
  readonly onEdit: () => void;
  readonly onDelete: () => void;
  readonly isBusy: boolean;
}

function RuleRow({ rule, onEdit, onDelete, isBusy }: RuleRowProps) {
  return (
    <tr data-testid="rule-row">
      <th scope="row">
        {visibleText(rule.name)}
        {rule.enabled ? null : <span className="tag">off</span>}
        <div className="mono muted rule-query">{visibleText(rule.query)}</div>
      </th>
      <td data-label="Fires when">{condition(rule)}</td>
      <td data-label="Last evaluated">
        {rule.lastEvaluatedAt === null ? 'never' : formatAgo(rule.lastEvaluatedAt, Date.now())}
        {rule.lastError === null ? null : (
          <div className="field-error">
            <code>{rule.lastError.code}</code> {visibleText(rule.lastError.message)}
          </div>
        )}
      </td>
      <td className="row-actions">
        {rule.source === 'file' ? (
          <span className="tag" title="Change it in everflame.yaml">
            from file
          </span>
        ) : (
          <RuleActions name={visibleText(rule.name)} onEdit={onEdit} onDelete={onDelete} isBusy={isBusy} />
        )}
      </td>
    </tr>
  );
}

function RuleActions({ name, onEdit, onDelete, isBusy }: Omit<RuleRowProps, 'rule'> & { name: string }) {
  const [isAsking, setAsking] = useState(false);
  if (isAsking) {
    return (
      <span className="confirm" role="group" aria-label={`Delete ${name}?`}>
        <button type="button" className="danger" disabled={isBusy} onClick={onDelete}>
          {isBusy ? 'Deleting…' : 'Delete for good'}
        </button>
        <button type="button" onClick={() => setAsking(false)}>
          Keep
        </button>
      </span>
    );
  }
  return (
    <>
      <button type="button" aria-label={`Edit ${name}`} onClick={onEdit}>
        Edit
      </button>
      <button type="button" aria-label={`Delete ${name}`} onClick={() => setAsking(true)}>
        Delete
      </button>
    </>
  );
}

function condition(rule: Rule): string {
  const unit = rule.query.split('{')[0]?.split(':')[2] ?? '';
  const growth = `${formatValue(rule.minGrowth, unit)} and ${Math.round(rule.minGrowthRatio * 1000) / 10} %`;
  const hold = rule.forMs === 0 ? '' : `, held for ${describeDuration(rule.forMs)}`;
  return `grows by ${growth} in ${describeDuration(rule.windowMs)} per ${visibleText(rule.groupBy.join(', '))}${hold}`;
}
