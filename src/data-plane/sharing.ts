/**
 * What the data plane shares with other gateways of the instance. Handles are ids that say which gateway made them;
 * what only that one can answer is handed over to it.
 */
import type { HttpRequest, HttpResponse } from '../base/http.ts';
import type { SessionOpening } from './session-opening.ts';

export interface Sharing {
  /** Visible ASCII without `~`, `?` and `/`; as hard to guess as 128 random bits. */
  readonly newHandle: () => string;
  /** Whether another gateway, which is there, made this handle. */
  readonly isElsewhere: (handle: string) => boolean;
  /** That gateway answers the request. */
  readonly handOver: (handle: string, request: WholeRequest) => void;
  /** The session is new or changed. */
  readonly keep: (digest: string, session: KeptSession) => void;
  /** The session is over. */
  readonly forget: (digest: string) => void;
}

/** A request with its body read and nothing answered. */
export interface WholeRequest {
  readonly http: HttpRequest;
  readonly response: HttpResponse;
  readonly body: Buffer;
}

/** What another gateway needs to go on with a session. */
export interface KeptSession {
  readonly opening: SessionOpening;
  readonly logLevel: string;
  /** URIs as exposed. */
  readonly watched: readonly string[];
}
