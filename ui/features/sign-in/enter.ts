/** Where to go once one is signed in. */
import { useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useCallback } from 'react';
import type { Me } from '../../api/me.ts';
import { useUrlValues } from '../../components/url-state.ts';

/** A path of ours: never another site, however it is written. */
export function safeNext(next: string | undefined): string {
  return next !== undefined && /^\/(?![/\\])[\x21-\x7e]*$/.test(next) ? next : '/';
}

export function useEnter(): (me: Me) => void {
  const client = useQueryClient();
  const navigate = useNavigate();
  const next = safeNext(useUrlValues()['next']);
  return useCallback(
    (me) => {
      client.clear();
      client.setQueryData(['GET /api/v1/me', {}], me);
      // A sign-in for an MCP client goes on outside these pages.
      if (next.startsWith('/oauth/')) window.location.assign(next);
      else void navigate({ href: next } as never);
    },
    [client, navigate, next],
  );
}
