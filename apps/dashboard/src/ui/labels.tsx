import { visibleText } from '@everflame/profile';
import type { ReactElement } from 'react';

/** Labels as chips, a name and its value each. */
export function labelChips(labels: readonly (readonly [name: string, value: string])[]): ReactElement[] {
  return labels.map(([name, value]) => (
    <span key={name} className="chip">
      <span className="chip-name">{visibleText(name)}</span> {visibleText(value)}
    </span>
  ));
}
