/** Chat completions as OpenAI and those who follow it put them on the wire. Only what is needed is read; the rest is let be. */
import { z } from 'zod';
import type { ChatEvent, ChatMessage, ChatModel, ChatRequest, ChatToolCall } from '../../model/chat.ts';

const PATH = '/chat/completions';

/** Where completions are asked for, given the base address or that very one. */
export function completionsUrl({ url }: Pick<ChatModel, 'url'>): string {
  const address = new URL(url);
  const path = address.pathname.replace(/\/+$/, '');
  address.pathname = path.endsWith(PATH) ? path : path + PATH;
  return address.href;
}

/** The body of the request. A list of tools that is empty is refused by some services, so there is none then. */
export function toBody({ model }: Pick<ChatModel, 'model'>, { messages, tools }: ChatRequest): string {
  return JSON.stringify({
    model,
    stream: true,
    messages: messages.map(toWireMessage),
    ...(tools.length > 0 && { tools: tools.map(({ name, description, inputSchema }) => ({ type: 'function', function: { name, description, parameters: inputSchema } })) }),
  });
}

function toWireMessage(message: ChatMessage): object {
  if (message.role === 'tool') return { role: 'tool', tool_call_id: message.call, content: message.text };
  if (message.role !== 'assistant') return { role: message.role, content: message.text };
  const calls = message.calls.map(({ id, name, arguments: text }) => ({ id, type: 'function', function: { name, arguments: text } }));
  return { role: 'assistant', content: message.text === '' && calls.length > 0 ? null : message.text, ...(calls.length > 0 && { tool_calls: calls }) };
}

const CallSchema = z.object({
  index: z.number().optional(),
  id: z.string().nullish(),
  function: z.object({ name: z.string().nullish(), arguments: z.string().nullish() }).optional(),
});
const PartSchema = z.object({ content: z.string().nullish(), tool_calls: z.array(CallSchema).nullish() });
const ChoiceSchema = z.object({ delta: PartSchema.nullish(), message: PartSchema.nullish(), finish_reason: z.string().nullish() });
type Choice = z.output<typeof ChoiceSchema>;
const ChunkSchema = z.object({
  choices: z.array(ChoiceSchema).nullish(),
  usage: z.object({ prompt_tokens: z.number().nullish(), completion_tokens: z.number().nullish() }).nullish(),
  error: z.unknown().optional(),
});

/** What a service says of its own failure, at most so long. */
const SAID_CHARS_MAX = 500;

/** The words of an error answer: its `error.message`, or the text itself. */
export function wordsOf(text: string): string {
  const parsed = z.object({ error: z.union([z.string(), z.object({ message: z.string() })]) }).safeParse(toJson(text));
  if (!parsed.success) return text.slice(0, SAID_CHARS_MAX);
  const { error } = parsed.data;
  return (typeof error === 'string' ? error : error.message).slice(0, SAID_CHARS_MAX);
}

function toJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Puts an answer together from its chunks; a whole answer in one JSON text is one chunk. */
export class AnswerReader {
  readonly #calls = new Map<number, { id: string; name: string; arguments: string }>();
  #reason: string | undefined;
  #tokensIn: number | null = null;
  #tokensOut: number | null = null;

  /** The text of one chunk, or why it is none: `failed` with the words of the service, `unreadable`. */
  read(data: string): { readonly text: string } | { readonly failed: string } | 'unreadable' {
    const parsed = ChunkSchema.safeParse(toJson(data));
    if (!parsed.success) return 'unreadable';
    const { choices, usage, error } = parsed.data;
    if (error !== undefined && error !== null) return { failed: wordsOf(data) };
    if (usage) this.#count(usage);
    const choice = choices?.[0];
    return { text: choice === undefined ? '' : this.#choose(choice) };
  }

  #count(usage: NonNullable<z.output<typeof ChunkSchema>['usage']>): void {
    this.#tokensIn = usage.prompt_tokens ?? this.#tokensIn;
    this.#tokensOut = usage.completion_tokens ?? this.#tokensOut;
  }

  #choose({ delta, message, finish_reason: reason }: Choice): string {
    this.#reason = reason ?? this.#reason;
    const part = delta ?? message;
    for (const [place, call] of (part?.tool_calls ?? []).entries()) this.#take(call, call.index ?? place);
    return part?.content ?? '';
  }

  #take(part: z.output<typeof CallSchema>, index: number): void {
    const call = this.#calls.get(index) ?? { id: '', name: '', arguments: '' };
    this.#calls.set(index, {
      id: part.id ?? call.id,
      name: call.name + (part.function?.name ?? ''),
      arguments: call.arguments + (part.function?.arguments ?? ''),
    });
  }

  /** Whether the service said that it is over. */
  get isFinished(): boolean {
    return this.#reason !== undefined;
  }

  /** What the model wants called, in its order, and the end. */
  end(): ChatEvent[] {
    const calls = [...this.#calls.values()].map((call, index): ChatToolCall => ({ ...call, id: call.id === '' ? `call_${index}` : call.id }));
    return [...calls.map((call) => ({ kind: 'call', call }) as const), { kind: 'done', reason: this.#reason ?? 'stop', tokensIn: this.#tokensIn, tokensOut: this.#tokensOut }];
  }
}
