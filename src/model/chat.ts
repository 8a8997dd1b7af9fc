/** A chat with a language model: which model, what is said, and what comes back. Neutral of any provider's wire form. */

/** A model behind an address that speaks OpenAI's chat completions. */
export interface ChatModel {
  /** Base address such as `https://api.example.com/v1`; `/chat/completions` is added to it. */
  readonly url: string;
  /** As its service calls it. */
  readonly model: string;
  /** Sent as a bearer token; undefined: none. */
  readonly key: string | undefined;
  /** An operator wrote the address: its host and port may be private. */
  readonly isOperators: boolean;
}

/** The model wants a tool called. `arguments` is the JSON text that it wrote, checked by nobody yet. */
export interface ChatToolCall {
  readonly id: string;
  readonly name: string;
  readonly arguments: string;
}

export type ChatMessage =
  | { readonly role: 'system' | 'user'; readonly text: string }
  | { readonly role: 'assistant'; readonly text: string; readonly calls: readonly ChatToolCall[] }
  | { readonly role: 'tool'; readonly call: string; readonly text: string };

export interface ChatTool {
  readonly name: string;
  readonly description: string;
  /** JSON Schema of its arguments. */
  readonly inputSchema: Readonly<Record<string, unknown>>;
}

export interface ChatRequest {
  readonly messages: readonly ChatMessage[];
  readonly tools: readonly ChatTool[];
}

/** Part of an answer; `done` is the last. Tokens as the service counted them, null where it did not say. */
export type ChatEvent =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'call'; readonly call: ChatToolCall }
  | { readonly kind: 'done'; readonly reason: string; readonly tokensIn: number | null; readonly tokensOut: number | null };
