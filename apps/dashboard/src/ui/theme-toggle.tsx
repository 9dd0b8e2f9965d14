import { useSyncExternalStore } from 'react';
import { chooseTheme, onThemeChange, readThemeChoice, type ThemeChoice } from './theme.ts';

const NEXT: Readonly<Record<ThemeChoice, ThemeChoice>> = { system: 'light', light: 'dark', dark: 'system' };
const SIGN: Readonly<Record<ThemeChoice, string>> = { system: '◐', light: '☀', dark: '☾' };

/** Steps through system, light and dark. */
export function ThemeToggle() {
  const choice = useSyncExternalStore(onThemeChange, readThemeChoice);
  return (
    <button
      type="button"
      className="quiet icon-button"
      data-testid="theme-toggle"
      aria-label={`Theme: ${choice}. Switch to ${NEXT[choice]}.`}
      title={`Theme: ${choice}`}
      onClick={() => chooseTheme(NEXT[choice])}
    >
      <span aria-hidden="true">{SIGN[choice]}</span>
    </button>
  );
}
