import type { ReactNode } from 'react';

interface ChoiceProps<T extends string | undefined> {
  readonly label: string;
  readonly value: T;
  readonly options: readonly (readonly [value: T, text: ReactNode])[];
  readonly onChange: (value: T) => void;
}

interface SelectFieldProps<T extends string> extends ChoiceProps<T> {
  readonly className?: string;
  readonly title?: string;
  readonly testId?: string;
}

/** A drop-down with its name beside it. */
export function SelectField<T extends string>(props: SelectFieldProps<T>) {
  const { label, value, options, onChange, className = '', title, testId } = props;
  return (
    <label className={`field inline ${className}`}>
      <span>{label}</span>
      <select
        data-testid={testId}
        value={value}
        title={title}
        onChange={(event) => onChange(event.target.value as T)}
      >
        {options.map(([option, text]) => (
          <option key={option} value={option}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}

/** A row of buttons of which one is pressed. */
export function Segmented<T extends string | undefined>({ label, value, options, onChange }: ChoiceProps<T>) {
  return (
    <div className="segmented" role="group" aria-label={label}>
      {options.map(([option, text]) => (
        <button
          key={option ?? ''}
          type="button"
          aria-pressed={option === value}
          onClick={() => onChange(option)}
        >
          {text}
        </button>
      ))}
    </div>
  );
}

interface FilterFieldProps extends Omit<ChoiceProps<string | undefined>, 'options'> {
  readonly placeholder: string;
}

/** A field that narrows the list below it. */
export function FilterField({ label, placeholder, value, onChange }: FilterFieldProps) {
  return (
    <label className="field grow">
      <span className="visually-hidden">{label}</span>
      <input
        type="search"
        placeholder={placeholder}
        value={value ?? ''}
        onChange={(event) => onChange(event.target.value || undefined)}
      />
    </label>
  );
}
