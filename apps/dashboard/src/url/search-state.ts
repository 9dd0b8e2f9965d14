import { useNavigate, useSearch } from '@tanstack/react-router';

/** Changes the search state; `replace` keeps the change out of the history. */
export type ChangeSearch<S> = (change: S, replace?: boolean) => void;

/** The search state of the page at hand and the way to change it, which keeps everything else in the address. */
export function useSearchState<S extends object>(): readonly [search: S, change: ChangeSearch<S>] {
  const search = useSearch({ strict: false });
  const navigate = useNavigate();
  const change: ChangeSearch<S> = (next, replace = false) =>
    void navigate({ to: '.', search: (previous) => ({ ...previous, ...next }), replace });
  return [search as S, change];
}
