/** The calls of a script: each an exchange of its own, of the same principal at the same endpoint, that goes the whole way. */
import type { Called, ScriptCall } from '../code-mode/run-script.ts';
import { errorText } from '../code-mode/run-script.ts';
import { RawObject } from '../protocol/envelope.ts';
import { isObject, type JsonObject, type JsonValue } from '../protocol/messages.ts';
import { META_LABELS, metaOf } from '../protocol/meta.ts';
import type { Outcome } from '../upstream/upstream.ts';
import type { Decoded } from './exchange.ts';
import type { Reply } from './reply.ts';

/** What leads back to a call that waits for somebody. */
export interface WaitingCall {
  /** The questions, by their own keys; none where a person must approve the call. */
  readonly inputRequests: JsonObject;
  readonly requestState: string | undefined;
}

const HEADERS: Readonly<Record<string, string>> = Object.freeze({});

/** Says what it has to say over the response of the script; its own end is heard by the script alone. */
export class ScriptReply implements Reply {
  readonly #outer: Reply;
  onGone: () => void = () => undefined;

  constructor(outer: Reply) {
    this.#outer = outer;
  }

  get isGone(): boolean {
    return this.#outer.isGone;
  }

  send(message: string): boolean {
    return this.#outer.send(message);
  }

  end(): void {
    this.onGone = () => undefined;
  }
}

export interface Now {
  readonly startedMs: number;
  readonly atMs: number;
}

/** `responses`: what the client answered to the questions of this very call. */
export function toExchange(outer: Decoded, call: ScriptCall, responses: JsonObject, now: Now): Decoded & { readonly reply: ScriptReply } {
  const labels = metaOf(outer.params)[META_LABELS];
  const waiting = call.state === undefined ? undefined : (JSON.parse(call.state) as WaitingCall);
  const params = {
    name: call.name,
    arguments: call.arguments,
    ...(labels === undefined ? {} : { _meta: { [META_LABELS]: labels } }),
    ...(waiting === undefined || Object.keys(waiting.inputRequests).length === 0 ? {} : { inputResponses: responses }),
    ...(waiting?.requestState === undefined ? {} : { requestState: waiting.requestState }),
  };
  return {
    ...outer,
    ...now,
    correlationId: `${outer.correlationId}.${call.seq}`,
    id: `${String(outer.id)}/metamcp/${call.seq}`,
    params,
    // Sizes, digests and the record are of this call, not of the script's.
    rawParams: RawObject.of(params),
    recording: undefined,
    progressToken: undefined,
    paramHeaders: HEADERS,
    via: 'run_code',
    reply: new ScriptReply(outer.reply),
  };
}

/** What the script is told of an outcome, or that it has to wait. */
export function toCalled(name: string, outcome: Outcome): Called {
  if (outcome.kind === 'fault') {
    const { code, message, reason } = outcome.fault;
    if (code === 'policy.approval_needed') return waitsFor({ inputRequests: {}, requestState: undefined });
    return { kind: 'told', isOk: false, text: errorText(message, name, { code, ...(reason === undefined ? {} : { reason }) }) };
  }
  if (outcome.kind === 'error') return { kind: 'told', isOk: false, text: errorText(outcome.error.message, name, { code: outcome.error.code, data: outcome.error.data }) };
  const result = outcome.result.value;
  if (result['resultType'] === 'input_required') {
    const { inputRequests, requestState } = result;
    return waitsFor({ inputRequests: isObject(inputRequests) ? inputRequests : {}, requestState: typeof requestState === 'string' ? requestState : undefined });
  }
  if (result['isError'] === true) return { kind: 'told', isOk: false, text: errorText(textOf(result), name, { content: result['content'], structuredContent: result['structuredContent'] }) };
  return { kind: 'told', isOk: true, text: JSON.stringify(valueOf(result)) };
}

function waitsFor(waiting: WaitingCall): Called {
  return { kind: 'waiting', state: JSON.stringify(waiting) };
}

/** What a script works with: the structured content, else the one text, else whatever there is. */
function valueOf(result: JsonObject): JsonValue {
  if (result['structuredContent'] !== undefined) return result['structuredContent'];
  const { content } = result;
  const [only, ...others] = Array.isArray(content) ? (content as readonly JsonValue[]) : [];
  if (others.length === 0 && isObject(only) && only['type'] === 'text') return only['text'] ?? null;
  return content ?? result;
}

function textOf({ content }: JsonObject): string {
  const texts = Array.isArray(content) ? content.flatMap((block: JsonValue) => (isObject(block) && typeof block['text'] === 'string' ? [block['text']] : [])) : [];
  return texts.join('\n') || 'The tool failed.';
}
