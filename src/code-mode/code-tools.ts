/** The tools of code mode: what an endpoint lists instead of its tools where clients write scripts. */
import type { JsonObject } from '../protocol/messages.ts';
import { searchDescription } from '../search/meta-tools.ts';

export const CODE_TOOL_NAMES = ['search_api', 'run_code'] as const;
export type CodeToolName = (typeof CODE_TOOL_NAMES)[number];

export function isCodeToolName(name: string): name is CodeToolName {
  return (CODE_TOOL_NAMES as readonly string[]).includes(name);
}

/** `servers`: those of which the principal sees something, by name. */
export function codeToolDefinitions(servers: readonly string[], said: string | undefined): readonly JsonObject[] {
  return [
    {
      name: 'search_api' satisfies CodeToolName,
      description: `${said ?? searchDescription(servers)} Answers with TypeScript declarations for run_code.`,
      inputSchema: { type: 'object', properties: { queries: { type: 'array', items: { type: 'string' } }, server: { type: 'string' }, limit: { type: 'integer', default: 5 } }, required: ['queries'] },
      annotations: { readOnlyHint: true, idempotentHint: true, openWorldHint: false },
    },
    {
      name: 'run_code' satisfies CodeToolName,
      description:
        'Runs TypeScript, the body of an async function: `await tools.NAME({…})` calls a tool that search_api declared; a failed one throws ToolError with `tool` and `details`. Only what you `return` comes back, so filter first. No network, no files, no imports.',
      inputSchema: { type: 'object', properties: { code: { type: 'string' } }, required: ['code'] },
      annotations: { destructiveHint: true },
    },
  ];
}
