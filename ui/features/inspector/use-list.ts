import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { isObject, type JsonObject } from '../../mcp/protocol.ts';
import { useSession, useSessionState } from './session-context.ts';

/** Says when which list changed. */
const CHANGED: Readonly<Record<string, string>> = { 'tools/list': 'notifications/tools/list_changed', 'prompts/list': 'notifications/prompts/list_changed', 'resources/list': 'notifications/resources/list_changed', 'resources/templates/list': 'notifications/resources/list_changed' };

/** A list of the target; read again when it says that it changed. Nothing where it has no such thing. */
export function useList(method: string, member: string) {
  const session = useSession();
  const client = useQueryClient();
  const capability = method.split('/')[0] ?? '';
  const capabilities = session.server['capabilities'];
  const isOffered = isObject(capabilities) && capabilities[capability] !== undefined;
  const changes = useSessionState().notices.filter(({ message }) => message['method'] === CHANGED[method]).length;
  const queryKey = ['inspector', session.inspection.id, method];
  const id = session.inspection.id;
  useEffect(() => {
    if (changes > 0) void client.invalidateQueries({ queryKey: ['inspector', id, method] });
  }, [changes, client, id, method]);
  const read = useQuery<readonly JsonObject[]>({ queryKey, queryFn: () => session.list(method, member), enabled: isOffered, staleTime: Number.POSITIVE_INFINITY });
  return { isOffered, items: read.data ?? [], isReading: read.isFetching, error: read.error, again: () => void read.refetch() };
}
