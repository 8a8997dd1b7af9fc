/** JSON-RPC messages as the bridge sees them: it reads the envelope, and passes the text on as it came. */
import { Fault } from '../../base/fault.ts';
import { META } from '../../protocol/meta.ts';
import { RESULT_JSON_LIMITS, scanJson } from '../../protocol/scan.ts';

export type MessageId = string | number;

export interface Message {
  /** One line of JSON: what goes on the wire. */
  readonly text: string;
  readonly kind: 'request' | 'notification' | 'answer';
  readonly id: MessageId | undefined;
  /** Empty for an answer. */
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
  /** The revision a stateless request names in `_meta` (2026-07-28 on); undefined for a message of a session. */
  readonly revision: string | undefined;
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The messages of one text: one, or several where it is a batch (2025-03-26). Throws `request.parse` or `request.invalid`. */
export function parseMessages(text: string): readonly Message[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new Fault('request.parse', { cause });
  }
  if (!Array.isArray(value)) return [toMessage(value, oneLine(text))];
  // Each member as it lies in its bytes: written anew, numbers would lose digits.
  const bytes = Buffer.from(text);
  return scanJson(bytes, RESULT_JSON_LIMITS).members.map(([start, end], index) => toMessage(value[index], oneLine(bytes.toString('utf8', start, end))));
}

function toMessage(value: unknown, text: string): Message {
  if (!isRecord(value)) throw new Fault('request.invalid');
  const method = typeof value['method'] === 'string' ? value['method'] : '';
  if (method === '' && !('result' in value || 'error' in value)) throw new Fault('request.invalid');
  const id = isId(value['id']) ? value['id'] : undefined;
  const params = isRecord(value['params']) ? value['params'] : {};
  const call = id === undefined ? 'notification' : 'request';
  return { text, kind: method === '' ? 'answer' : call, id, method, params, revision: revisionOf(params) };
}

function isId(value: unknown): value is MessageId {
  return typeof value === 'string' || typeof value === 'number';
}

function revisionOf(params: Message['params']): string | undefined {
  const meta = params['_meta'];
  const revision = isRecord(meta) ? meta[META.protocolVersion] : undefined;
  return typeof revision === 'string' ? revision : undefined;
}

/** JSON on one line. Raw line ends in JSON lie between tokens only, so replacing them changes no value. */
export function oneLine(json: string): string {
  return /[\r\n]/.test(json) ? json.replace(/[\r\n]+/g, ' ') : json;
}

/** The error answer to a request, as one line. `data` has the shape that the gateway itself uses. */
export function errorAnswer(id: MessageId | null, fault: Fault): string {
  const data = { source: 'gateway', reason: fault.reason ?? fault.code, retryable: fault.isRetryable, outcome: fault.effect };
  return JSON.stringify({ jsonrpc: '2.0', id, error: { code: fault.rpc, message: fault.message, data } });
}
