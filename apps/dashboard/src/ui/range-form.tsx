import { useId, useState, type FormEvent, type ReactNode } from 'react';
import { fromInputText, rangeProblem, toInputText, type TimeRange } from '../time/range.ts';

interface RangeFormProps {
  readonly className: string;
  readonly names: { readonly from: ReactNode; readonly to: ReactNode };
  readonly range: TimeRange;
  readonly onApply: (range: TimeRange) => void;
  /** What follows the fields, with what is wrong with the range. */
  readonly children: (problem: ReactNode) => ReactNode;
}

/** Both ends of a range as text. */
export function RangeForm({ className, names, range, onApply, children }: RangeFormProps) {
  const id = useId();
  const [typed, setTyped] = useState(() => {
    const now = Date.now();
    return { from: toInputText(range.from, now), to: toInputText(range.to, now) };
  });
  const [problem, setProblem] = useState<string | null>(null);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const now = Date.now();
    const next = { from: fromInputText(typed.from, now), to: fromInputText(typed.to, now) };
    const found = rangeProblem(next, now);
    setProblem(found);
    if (found === null) onApply(next);
  };
  const field = (end: 'from' | 'to'): ReactNode => (
    <>
      <label htmlFor={`${id}-${end}`}>{names[end]}</label>
      <input
        id={`${id}-${end}`}
        value={typed[end]}
        spellCheck={false}
        onChange={(event) => setTyped({ ...typed, [end]: event.target.value })}
      />
    </>
  );
  const alert = problem && (
    <p className="field-error" role="alert">
      {problem}
    </p>
  );
  return (
    <form className={className} onSubmit={submit} noValidate>
      {field('from')}
      {field('to')}
      {children(alert)}
    </form>
  );
}
