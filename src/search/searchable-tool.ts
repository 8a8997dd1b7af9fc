/** What the search knows of a namespace: its servers and their tools as exposed, after overrides. */
import type { JsonObject } from '../protocol/messages.ts';

export interface SearchableTool {
  /** Exposed name: the id in every reply, unique in the namespace. */
  readonly exposed: string;
  /** The server's own name of it. */
  readonly own: string;
  /** As exposed: with overrides. */
  readonly definition: JsonObject;
  /** Further words and names to find it by, from the configuration. */
  readonly keywords: readonly string[];
  /** Of a group: the exposed names of what it stands for. */
  readonly members?: readonly string[];
}

export interface SearchableServer {
  /** As the namespace shows it. */
  readonly name: string;
  readonly description: string;
  readonly tools: readonly SearchableTool[];
}

/** One tool of a catalog. */
export interface ListedTool {
  readonly exposed: string;
  readonly own: string;
  readonly member: { readonly server: string; readonly as: string };
  readonly definition: JsonObject;
  readonly group?: { readonly members: readonly { readonly exposed: string }[] };
}

export interface ToolWords {
  /** What the server says it is for: its instructions or its description in the configuration. */
  readonly descriptionOf: (server: string) => string;
  readonly keywordsOf: (tool: ListedTool) => readonly string[];
}

/** What a server said of itself when it was connected to. */
interface SelfDescription {
  /** `Implementation` of the specification: name, and since 2025-06-18 a title, since 2025-11-25 a description. */
  readonly serverInfo: JsonObject;
  readonly instructions: string | undefined;
}

/** All words there are of a server beside its name: the operator's first, then its own. */
export function serverWords(configured: string | undefined, said: SelfDescription | undefined): string {
  const { name, title = name, description } = said?.serverInfo ?? {};
  return [configured, title, description, said?.instructions].filter((text) => typeof text === 'string').join(' ').trim();
}

/** The tools of a catalog by the server they come from. */
export function toSearchableServers(tools: Iterable<ListedTool>, words: ToolWords): readonly SearchableServer[] {
  const byServer = new Map<string, ListedTool[]>();
  for (const tool of tools) {
    const listed = byServer.get(tool.member.as);
    if (listed === undefined) byServer.set(tool.member.as, [tool]);
    else listed.push(tool);
  }
  return [...byServer].map(([name, listed]) => ({
    name,
    description: words.descriptionOf(listed[0]?.member.server ?? name),
    tools: listed.map((tool) => ({ exposed: tool.exposed, own: tool.own, definition: tool.definition, keywords: words.keywordsOf(tool), ...(tool.group === undefined ? {} : { members: tool.group.members.map(({ exposed }) => exposed) }) })),
  }));
}
