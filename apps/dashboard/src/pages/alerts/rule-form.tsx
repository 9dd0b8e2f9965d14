import type { Rule, RuleInput } from '@everflame/contract';
import { visibleText } from '@everflame/profile';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useId, useState, type FormEvent } from 'react';
import { api } from '../../api/client.ts';
import { profileTypesQuery } from '../../api/queries.ts';
import { ErrorState } from '../../ui/states.tsx';
import { draftOf, NEW_RULE, readDraft, type DraftProblems, type RuleDraft } from './rule-draft.ts';

interface RuleFormProps {
  /** The rule to change; null makes a new one. */
  readonly rule: Rule | null;
  readonly onDone: () => void;
}

type TextField = Exclude<keyof RuleDraft, 'enabled'>;

const FIELDS: readonly {
  readonly field: TextField;
  readonly label: string;
  readonly hint: string;
  readonly isWide?: boolean;
}[] = [
  { field: 'name', label: 'Name', hint: 'What the notification is called' },
  { field: 'groupBy', label: 'Judge each', hint: 'Labels, separated by commas' },
  {
    field: 'query',
    label: 'Query',
    hint: 'A level such as the live heap, with matchers: memory:inuse_space:bytes:space:bytes{env="prod"}',
    isWide: true,
  },
  { field: 'window', label: 'Window', hint: 'Growth is measured over this long' },
  { field: 'minGrowth', label: 'Least growth', hint: 'Such as 64 MiB' },
  { field: 'minGrowthPercent', label: 'Least growth in %', hint: 'Of the level at the start of the window' },
  { field: 'holdFor', label: 'Hold for', hint: 'Fires after it has held this long' },
  { field: 'evaluateEvery', label: 'Evaluate every', hint: 'Such as 15s' },
  {
    field: 'webhookUrl',
    label: 'Webhook',
    hint: 'Where the notification goes; empty for none. What … stands for is kept and not shown',
    isWide: true,
  },
];

function useSaveRule(rule: Rule | null, onDone: () => void) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (body: RuleInput) =>
      rule
        ? api.send('put', 'rules/{id}', { params: { id: rule.id }, body })
        : api.send('post', 'rules', { body }),
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: ['rules'] });
      onDone();
    },
  });
}

/** Makes or changes a rule. */
export function RuleForm({ rule, onDone }: RuleFormProps) {
  const [draft, setDraft] = useState<RuleDraft>(() => (rule ? draftOf(rule) : NEW_RULE));
  const [problems, setProblems] = useState<DraftProblems>({});
  const save = useSaveRule(rule, onDone);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const read = readDraft(draft);
    setProblems('problems' in read ? read.problems : {});
    if ('rule' in read) save.mutate(read.rule);
  };
  return (
    <form className="panel stack rule-form" onSubmit={submit} noValidate data-testid="rule-form">
      <h2>{rule ? `Change ${visibleText(rule.name)}` : 'New rule'}</h2>
      <div className="form-grid">
        {FIELDS.map((spec) => (
          <RuleField
            key={spec.field}
            spec={spec}
            value={draft[spec.field]}
            problem={problems[spec.field]}
            onChange={(value) => setDraft({ ...draft, [spec.field]: value })}
          />
        ))}
      </div>
      <label className="field inline">
        <input
          type="checkbox"
          checked={draft.enabled}
          onChange={(event) => setDraft({ ...draft, enabled: event.target.checked })}
        />
        <span>Enabled</span>
      </label>
      {save.isError ? <ErrorState error={save.error} /> : null}
      <div className="row form-actions">
        <button type="submit" className="primary" disabled={save.isPending}>
          {save.isPending ? 'Saving…' : 'Save rule'}
        </button>
        <button type="button" onClick={onDone}>
          Cancel
        </button>
      </div>
    </form>
  );
}

interface RuleFieldProps {
  readonly spec: (typeof FIELDS)[number];
  readonly value: string;
  readonly problem: string | undefined;
  readonly onChange: (value: string) => void;
}

function RuleField({ spec, value, problem, onChange }: RuleFieldProps) {
  const id = useId();
  return (
    <div className="stack form-field" data-wide={spec.isWide || undefined}>
      <label htmlFor={id}>{spec.label}</label>
      <input
        id={id}
        value={value}
        spellCheck={false}
        autoComplete="off"
        list={spec.field === 'query' ? `${id}-types` : undefined}
        aria-invalid={problem !== undefined}
        aria-describedby={`${id}-note`}
        onChange={(event) => onChange(event.target.value)}
      />
      {spec.field === 'query' ? <LevelTypes id={`${id}-types`} /> : null}
      <p id={`${id}-note`} className={problem === undefined ? 'hint' : 'field-error'}>
        {problem ?? spec.hint}
      </p>
    </div>
  );
}

const RECENT = { from: 'now-24h', to: 'now' };

/** Offers the levels that are being profiled. */
function LevelTypes({ id }: { id: string }) {
  const types = useQuery(profileTypesQuery('{}', RECENT));
  const levels = types.data?.profileTypes.filter((type) => type.kind === 'gauge') ?? [];
  return (
    <datalist id={id}>
      {levels.map((type) => (
        <option key={type.id} value={`${type.id}{}`} />
      ))}
    </datalist>
  );
}
