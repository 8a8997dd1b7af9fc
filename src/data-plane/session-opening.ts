import type { Principal } from '../model/principal.ts';
import type { JsonObject, Revision } from '../protocol/messages.ts';

/** What a client said of itself when it opened its session, and who it is. */
export interface SessionOpening {
  readonly endpoint: string;
  readonly principal: Principal;
  readonly revision: Revision;
  readonly capabilities: JsonObject;
  readonly info: JsonObject | undefined;
}
