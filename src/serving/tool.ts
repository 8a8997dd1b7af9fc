/** A tool of a server of ours: what it says of itself and what it does. */
import type { JsonObject, JsonValue } from '../protocol/messages.ts';

/** What a tool may use besides its arguments. */
export interface ToolCallContext {
  readonly signal: AbortSignal;
  /** Does nothing where the client asked for no progress. */
  reportProgress(progress: number, total: number, message: string): void;
}

export interface Tool {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** JSON Schema 2020-12 of type object; defaults in it are filled in before `run`. */
  readonly inputSchema: JsonObject;
  readonly outputSchema?: JsonObject | undefined;
  readonly annotations: JsonObject;
  /** Resolves with the structured content; a `ToolRefusal` becomes a result with `isError`, so that a model can mend it. */
  run(given: JsonObject, context: ToolCallContext): JsonObject | ToolContent | Promise<JsonObject | ToolContent>;
}

/** A result that is more than structured content. */
export class ToolContent {
  readonly result: JsonObject;

  constructor(result: JsonObject) {
    this.result = result;
  }
}

/** What the caller did wrong, or what stands in the way, in words that name the remedy. */
export class ToolRefusal extends Error {
  override readonly name = 'ToolRefusal';
  /** Machine-readable, beside the text. */
  readonly facts: JsonObject;

  constructor(message: string, facts: JsonObject = {}) {
    super(message);
    this.facts = facts;
  }
}

/** Reads only, changes nothing outside. */
export const READ_ONLY = { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false } as const;

/** `{type: 'object', properties, required}`. */
export function objectSchema(properties: JsonObject, required: readonly string[] = Object.keys(properties)): JsonObject {
  return { type: 'object', properties, required, additionalProperties: false };
}

/** An answer of one text beside its structured content. */
export function toResult(structuredContent: JsonObject): JsonObject {
  return { content: [{ type: 'text', text: textOf(structuredContent) }], structuredContent };
}

/** A lone `result` is shown as what it is. */
function textOf(content: JsonObject): string {
  const keys = Object.keys(content);
  const value: JsonValue | undefined = keys.length === 1 && keys[0] === 'result' ? content['result'] : content;
  return typeof value === 'string' ? value : JSON.stringify(value);
}
