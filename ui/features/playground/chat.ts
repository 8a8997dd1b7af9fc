/**
 * A chat: what was said, what the model wants called, and who allowed it. The model never calls anything by itself: each
 * call waits here for a person, unless that person said otherwise for this chat.
 */
import { askStream } from '../../api/ask-stream.ts';
import type { RequestOf } from '../../api/operations.ts';
import { ApiProblem, toProblem } from '../../api/problem.ts';
import { isObject, type JsonObject } from '../../mcp/protocol.ts';
import type { OfferedTool, ToolSession } from './tool-session.ts';

type Message = NonNullable<RequestOf<'POST /api/v1/playground/completions'>['body']>['messages'][number];
type WantedCall = Extract<Message, { role: 'assistant' }>['calls'][number];

export const ASKING = ['always', 'writing', 'never'] as const;
/** Before which calls a person is asked. */
export type Asking = (typeof ASKING)[number];

export type Entry =
  | { readonly id: number; readonly kind: 'user' | 'assistant'; readonly text: string }
  | { readonly id: number; readonly kind: 'call'; readonly name: string; readonly arguments: string; readonly state: 'waiting' | 'running' | 'ok' | 'error' | 'declined'; readonly result?: string }
  | { readonly id: number; readonly kind: 'failure'; readonly problem: ApiProblem };

export interface ChatState {
  readonly entries: readonly Entry[];
  readonly isBusy: boolean;
  readonly tokens: { readonly in: number; readonly out: number };
}

/** With what a chat goes on. */
export interface ChatMeans {
  readonly session: ToolSession;
  readonly tools: readonly OfferedTool[];
  readonly asking: Asking;
  readonly instructions: string;
}

export type Verdict = 'call' | 'decline' | 'always';

/** So often the model may ask for tools before it must answer. */
const ROUNDS_MAX = 24;
const EMPTY: ChatState = { entries: [], isBusy: false, tokens: { in: 0, out: 0 } };

export class Chat {
  #state: ChatState = EMPTY;
  #messages: Message[] = [];
  #lastId = 0;
  #stopping = new AbortController();
  readonly #allowed = new Set<string>();
  readonly #waiting = new Map<number, (verdict: Verdict) => void>();
  readonly #watchers = new Set<() => void>();

  readonly subscribe = (watch: () => void): (() => void) => {
    this.#watchers.add(watch);
    return () => this.#watchers.delete(watch);
  };

  readonly state = (): ChatState => this.#state;

  /** Resolves once the model has nothing more to say. */
  async send(text: string, means: ChatMeans): Promise<void> {
    if (this.#state.isBusy) return;
    this.#stopping = new AbortController();
    this.#messages.push({ role: 'user', text });
    this.#add({ kind: 'user', text });
    this.#set({ isBusy: true });
    try {
      for (let round = 0; round < ROUNDS_MAX; round++) if (!(await this.#turn(means))) return;
    } catch (thrown) {
      if (!this.#stopping.signal.aborted) this.#add({ kind: 'failure', problem: toProblem(thrown) });
    } finally {
      this.#set({ isBusy: false });
    }
  }

  decide(id: number, verdict: Verdict): void {
    this.#waiting.get(id)?.(verdict);
  }

  /** Ends what is under way; what was said stays. */
  stop(): void {
    this.#stopping.abort();
    for (const decide of this.#waiting.values()) decide('decline');
  }

  clear(): void {
    this.stop();
    this.#messages = [];
    this.#allowed.clear();
    this.#set(EMPTY);
  }

  /** One answer of the model with the calls that it wants. Resolves with whether it must be asked again. */
  async #turn(means: ChatMeans): Promise<boolean> {
    const { text, calls } = await this.#complete(means);
    this.#messages.push({ role: 'assistant', text, calls: [...calls] });
    for (const call of calls) this.#messages.push({ role: 'tool', call: call.id, text: await this.#carryOut(call, means) });
    return calls.length > 0 && !this.#stopping.signal.aborted;
  }

  async #complete({ tools, instructions }: ChatMeans): Promise<{ readonly text: string; readonly calls: readonly WantedCall[] }> {
    const { signal } = this.#stopping;
    const messages: Message[] = instructions.trim() === '' ? this.#messages : [{ role: 'system', text: instructions }, ...this.#messages];
    const offered = tools.map(({ modelName, description, inputSchema }) => ({ name: modelName, description, inputSchema }));
    const calls: WantedCall[] = [];
    let text = '';
    let id: number | undefined;
    try {
      for await (const { name, data } of askStream('POST /api/v1/playground/completions', { messages, tools: offered }, signal)) {
        if (name === 'text') {
          text += String(data['text']);
          if (id === undefined) id = this.#add({ kind: 'assistant', text });
          else this.#change(id, { text });
        } else if (name === 'call') calls.push(data['call'] as WantedCall);
        else if (name === 'done') this.#count(data);
        else if (name === 'failed') throw failureOf(data);
      }
    } catch (thrown) {
      // What was said by then was said: the next question follows it.
      if (text !== '') this.#messages.push({ role: 'assistant', text, calls: [] });
      throw thrown;
    }
    return { text, calls };
  }

  /** What the model is told of its call. */
  async #carryOut(call: WantedCall, means: ChatMeans): Promise<string> {
    const tool = means.tools.find(({ modelName }) => modelName === call.name);
    const id = this.#add({ kind: 'call', name: tool?.name ?? call.name, arguments: call.arguments, state: 'waiting' });
    const args = toObject(call.arguments);
    if (tool === undefined || args === undefined) return this.#end(id, 'error', tool === undefined ? 'There is no tool of this name.' : 'The arguments are no JSON object.');
    if (!(await this.#isAllowed(id, tool, means.asking))) return this.#end(id, 'declined', 'The person declined this call.');
    this.#change(id, { state: 'running' });
    try {
      const { isError, text } = await means.session.call(tool, args, this.#stopping.signal);
      return this.#end(id, isError ? 'error' : 'ok', text);
    } catch (thrown) {
      return this.#end(id, 'error', this.#stopping.signal.aborted ? 'The person stopped this call.' : thrown instanceof Error ? thrown.message : String(thrown));
    }
  }

  async #isAllowed(id: number, tool: OfferedTool, asking: Asking): Promise<boolean> {
    if (this.#stopping.signal.aborted) return false;
    if (asking === 'never' || this.#allowed.has(tool.name) || (asking === 'writing' && tool.isReadOnly)) return true;
    const { promise, resolve } = Promise.withResolvers<Verdict>();
    this.#waiting.set(id, resolve);
    const verdict = await promise;
    this.#waiting.delete(id);
    if (verdict === 'always') this.#allowed.add(tool.name);
    return verdict !== 'decline';
  }

  #end(id: number, state: 'ok' | 'error' | 'declined', result: string): string {
    this.#change(id, { state, result });
    return result;
  }

  #count(data: JsonObject): void {
    const { tokens } = this.#state;
    const more = (key: string): number => (typeof data[key] === 'number' ? data[key] : 0);
    this.#set({ tokens: { in: tokens.in + more('tokensIn'), out: tokens.out + more('tokensOut') } });
  }

  #add(entry: Entry extends infer Each ? (Each extends Entry ? Omit<Each, 'id'> : never) : never): number {
    const id = ++this.#lastId;
    this.#set({ entries: [...this.#state.entries, { ...entry, id }] });
    return id;
  }

  #change(id: number, change: object): void {
    this.#set({ entries: this.#state.entries.map((entry) => (entry.id === id ? { ...entry, ...change } : entry)) });
  }

  #set(change: Partial<ChatState>): void {
    this.#state = { ...this.#state, ...change };
    for (const watch of this.#watchers) watch();
  }
}

function toObject(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text.trim() === '' ? '{}' : text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** An answer that broke off, as the problem that it would have been before it began. */
function failureOf(data: JsonObject): ApiProblem {
  const { code, title, errors } = data as { readonly code: string; readonly title: string; readonly errors: ApiProblem['problem']['errors'] };
  return new ApiProblem({ type: `urn:metamcp:fault:${code}`, title, status: 502, instance: '', code, failedAt: 'server', isRetryable: false, ...(errors !== undefined && { errors }) });
}
