/** What the search knows of a namespace: its servers and their tools as exposed, after overrides. */
import type { JsonObject } from '../protocol/messages.ts';

export interface SearchableTool {
  /** Exposed name: the id in every reply, unique in the namespace. */
  readonly exposed: string;
  /** The server's own name of it. */
  readonly own: string;
  /** As exposed: with overrides. */
  readonly definition: JsonObject;
  /** Further words to find it by, from the configuration. */
  readonly keywords: readonly string[];
}

export interface SearchableServer {
  /** As the namespace shows it. */
  readonly name: string;
  readonly description: string;
  readonly tools: readonly SearchableTool[];
}
