/** State in the address: what a link to this view must say. Values are texts; an empty one is not there. */
import { useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { useCallback } from 'react';

type Search = Readonly<Record<string, string | undefined>>;

/** Every value of the address. */
export function useUrlValues(): Search {
  return useSearch({ strict: false }) as Search;
}

type Change = (values: Search, how?: { readonly isNew?: boolean }) => void;

/** Sets some values and leaves the others. `isNew`: a step that the back button undoes. */
export function useSetUrl(): Change {
  const navigate = useNavigate();
  return useCallback<Change>(
    (values, { isNew = false } = {}) => {
      const toSearch = (before: Search): Search => Object.fromEntries(Object.entries({ ...before, ...values }).filter(([, value]) => value !== undefined && value !== ''));
      void navigate({ to: '.', search: toSearch as never, replace: !isNew, resetScroll: false } as never);
    },
    [navigate],
  );
}

/** One value and how to set it. */
export function useUrlState(name: string, fallback = ''): readonly [value: string, set: (value: string | undefined) => void] {
  const value = useUrlValues()[name] ?? fallback;
  const setUrl = useSetUrl();
  const set = useCallback((next: string | undefined) => setUrl({ [name]: next === fallback ? undefined : next }), [setUrl, name, fallback]);
  return [value, set];
}

/** A dialog that the address opens: `?NAME=VALUE`. */
export function useUrlDialog(name: string): { readonly value: string | undefined; readonly open: (value?: string) => void; readonly close: () => void } {
  const value = useUrlValues()[name];
  const setUrl = useSetUrl();
  return { value, open: (next = 'open') => setUrl({ [name]: next }, { isNew: true }), close: () => setUrl({ [name]: undefined }) };
}

/** A part of the path, e.g. `name` of `/servers/$name`. */
export function useUrlParam(name: string): string {
  return (useParams({ strict: false }) as Search)[name] ?? '';
}
