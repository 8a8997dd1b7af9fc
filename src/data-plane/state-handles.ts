/** Handles of gateways in what clients carry: at the beginning of a `requestState`, and in the address of what a result left out. */
import type { JsonObject } from '../protocol/messages.ts';
import { CONTINUATION_PREFIX } from './continuations.ts';

/** Stands between a handle and the sealed state it leads to. */
const HANDLE_END = '~';

/** A `requestState` that whoever has the instance key can trace to its gateway. */
export function withHandle(handle: string, sealed: string): string {
  return handle + HANDLE_END + sealed;
}

/** The sealed state alone. */
export function withoutHandle(state: string): string {
  return state.slice(state.indexOf(HANDLE_END) + 1);
}

/** The handle in the params of a request, if there is one. */
export function handleIn(method: string, { requestState, uri }: JsonObject): string | undefined {
  if (typeof requestState === 'string') {
    const end = requestState.indexOf(HANDLE_END);
    return end < 0 ? undefined : requestState.slice(0, end);
  }
  const isRest = method === 'resources/read' && typeof uri === 'string' && uri.startsWith(CONTINUATION_PREFIX);
  return isRest ? uri.slice(CONTINUATION_PREFIX.length).split('?')[0] : undefined;
}
