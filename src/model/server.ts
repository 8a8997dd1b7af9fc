/** Words of a server's configuration that other rooms share. */

export const SERVER_TYPES = ['stdio', 'http', 'sse'] as const;
export type ServerType = (typeof SERVER_TYPES)[number];

/** Which family to speak to the server; `auto` finds out and remembers. */
export const SERVER_REVISIONS = ['auto', 'legacy', 'modern'] as const;
export type ServerRevision = (typeof SERVER_REVISIONS)[number];

/**
 * Who shares one connection to the server.
 * `auto`: modern servers `shared` (they keep nothing between requests); legacy ones `per-session` for client sessions
 * that declared sampling, elicitation or roots, else `per-principal`.
 */
export const ISOLATIONS = ['auto', 'shared', 'per-principal', 'per-session'] as const;
export type Isolation = (typeof ISOLATIONS)[number];

/** How to reach one MCP server. Values may still hold `${NAME}`: they are resolved when a connection is opened. */
export interface ServerSpec {
  readonly name: string;
