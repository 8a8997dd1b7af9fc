/**
 * What the data plane shares with other gateways of the instance. Handles are ids that say which gateway made them;
 * what only that one can answer is handed over to it.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { JsonObject } from '../protocol/messages.ts';
import { CONTINUATION_PREFIX } from './continuations.ts';
import type { Session } from './sessions.ts';

export interface Sharing {
  /** Visible ASCII without `~`, `?` and `/`; as hard to guess as 128 random bits. */
  readonly newHandle: () => string;
  /** Whether another gateway, which is there, made this handle. */
  readonly isElsewhere: (handle: string) => boolean;
  /** That gateway answers the request. */
  readonly handOver: (handle: string, request: WholeRequest) => void;
  /** The session is new or changed. */
  readonly keep: (digest: string, session: Session) => void;
  /** The session is over. */
  readonly forget: (digest: string) => void;
}

/** A request with its body read and nothing answered. */
export interface WholeRequest {
  readonly http: IncomingMessage;
  readonly response: ServerResponse;
  readonly body: Buffer;
}

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
