/**
 * A link carries JSON-RPC messages to and from one MCP server; it knows framing, not MCP's meaning.
 * `stdio`, `http` and `sse` each make one. The peer above it (legacy or modern) owns ids and handshakes.
 */
import type { Fault } from '../base/fault.ts';
import type { Envelope } from '../protocol/envelope.ts';

/** What a link must know of an outgoing message beside its text. */
export interface Outgoing {
  /** The whole JSON-RPC message, one line without raw newlines. */
  readonly text: string;
  /** Set for requests: our id, unique on this link. Its carrier is aborted by this id. */
  readonly id?: number;
  readonly method: string;
  /** Extra HTTP headers for this message (MCP-Protocol-Version, Mcp-Method, Mcp-Name, Mcp-Param-*, Mcp-Session-Id). Ignored by stdio. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface LinkEvents {
  /**
   * A whole, well-formed message from the server. `carrier` is the id of the request whose HTTP answer carried it;
   * undefined where the transport cannot tell (stdio, sse, the legacy GET stream).
   */
  message(envelope: Envelope, carrier: number | undefined): void;
  /** The carrier of that one request ended without its answer (HTTP only). `status` is the HTTP status where there was one. */
  failed(id: number, fault: Fault, status?: number): void;
  /** Response headers of a request's carrier (HTTP only), before its messages: `mcp-session-id`. */
  answered?(id: number, headers: Readonly<Record<string, string | undefined>>): void;
  /** The link as a whole is gone; nothing more comes. Called once, also after `close`. */
  closed(fault: Fault): void;
  /** Something was dropped: a line that is no message, an oversized one, a notification or reply that the server did not take. For counters and the log. */
  dropped(reason: 'invalid_line' | 'invalid_message' | 'too_large' | 'not_delivered', detail: string): void;
}

export interface Link {
  readonly kind: 'stdio' | 'http' | 'sse' | 'inner';
  /**
   * Queues one message. Throws `limit.overloaded` when too much is queued and `upstream.closed` when the link is gone:
   * in both cases not a byte was sent. A notification's or reply's HTTP failure is only counted.
   */
  send(message: Outgoing): void;
  /** Stops caring about that request: closes its HTTP stream. Nothing on stdio and sse, where the peer sends a cancellation. */
  abort(id: number): void;
  /** Opens the legacy GET stream with these headers, where the transport has one. Re-opens it until closed; a 405 means there is none. */
  listen?(headers: Readonly<Record<string, string>>): void;
  /** Ends everything: sends DELETE for a session when asked, ends the process group within 5 s. Resolves when nothing is left. */
  close(end?: { readonly deleteHeaders?: Readonly<Record<string, string>> }): Promise<void>;
  /** Last bytes of the server's stderr, at most 64 KiB, escaped; empty where there is none. */
  stderrTail(): string;
  /** Operating system id of the process, where there is one. */
  readonly pid: number | undefined;
}

/** Opens a link; resolves when messages can be sent, rejects with a Fault (`upstream.unavailable`, `config.value_missing`, `egress.refused`). */
export type OpenLink = (events: LinkEvents) => Promise<Link>;
