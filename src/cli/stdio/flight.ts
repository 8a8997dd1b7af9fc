/** One request of the client on its way, and how its answer is passed on. */
import { Fault } from '../../base/fault.ts';
import { errorAnswer, isRecord, type Message, type MessageId, parseMessages } from './message.ts';
import type { WireAnswer } from './wire.ts';

export interface Flight {
  readonly id: MessageId;
  readonly message: Message;
  /** Ends the HTTP exchange; a Fault as the reason becomes the answer. */
  readonly abort: AbortController;
  /** The client cancelled: nothing more is written for it. */
  isCancelled: boolean;
}

/** What a leg needs of the bridge. */
export interface Outlet {
  /** Writes one line to the client; resolves when there is room for the next. */
  write(line: string): Promise<void>;
  /** For people, on stderr. */
  log(text: string): void;
}

export interface Passage {
  readonly isAnswered: boolean;
  /** The last event id seen, with which a broken stream can be taken up again. */
  readonly lastEventId: string | undefined;
}

/**
 * Passes every message of the answer on, in order, until the one that answers the flight. `edit` may rewrite that
 * one. A stream that breaks ends the passage without an answer when it can be resumed, and throws otherwise.
 */
export async function passOn(answer: WireAnswer, flight: Flight, outlet: Outlet, options: PassOptions = {}): Promise<Passage> {
  let lastEventId: string | undefined;
  try {
    for await (const event of answer.events(options.onRetryMs)) {
      lastEventId = event.id ?? lastEventId;
      if (await passEvent(event.data, flight, outlet, options)) return { isAnswered: true, lastEventId };
    }
  } catch (error) {
    const isResumable = lastEventId !== undefined && !flight.abort.signal.aborted && !(error instanceof Fault);
    if (!isResumable) throw error;
  }
  return { isAnswered: false, lastEventId };
}

/** Passes the messages of one event on; true once the answer to the flight was among them. */
async function passEvent(data: string, flight: Flight, outlet: Outlet, options: PassOptions): Promise<boolean> {
  // An event without data only carries an id to resume from.
  if (data.trim() === '') return false;
  for (const message of readAnswer(data)) {
    const isAnswer = message.kind === 'answer' && message.id === flight.id;
    if (!flight.isCancelled) await outlet.write(isAnswer && options.edit ? options.edit(message) : message.text);
    if (isAnswer) return true;
  }
  return false;
}

export interface PassOptions {
  readonly edit?: (answer: Message) => string;
  readonly onRetryMs?: (delayMs: number) => void;
}

function readAnswer(data: string): readonly Message[] {
  try {
    return parseMessages(data);
  } catch (cause) {
    throw new Fault('upstream.protocol_error', { message: 'The gateway answered with something that is not JSON-RPC.', cause });
  }
}

/** The error line for an answer whose status is not 200, and its code: the gateway's own JSON-RPC error where it sent one. */
export async function refusalLine(answer: WireAnswer, id: MessageId): Promise<{ readonly line: string; readonly code: number | undefined }> {
  const text = await answer.text().catch(() => '');
  const error = rpcErrorIn(text);
  if (error === undefined) return { line: errorAnswer(id, statusFault(answer.status)), code: undefined };
  return { line: JSON.stringify({ jsonrpc: '2.0', id, error }), code: error.code };
}

function rpcErrorIn(text: string): { readonly code: number } | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const error = isRecord(value) ? value['error'] : undefined;
    return isRecord(error) && typeof error['code'] === 'number' ? (error as { readonly code: number }) : undefined;
  } catch {
    return undefined;
  }
}

function statusFault(status: number): Fault {
  const said = `The gateway answered with HTTP ${status}`;
  if (status === 401) return new Fault('auth.credential_missing', { message: `${said}: give a key with --key or METAMCP_KEY.` });
  if (status === 403) return new Fault('auth.scope_missing', { message: `${said}: this key does not open this endpoint.` });
  if (status === 404 || status === 405) return new Fault('request.not_found', { message: `${said}: there is no such endpoint. Check --endpoint and --url.` });
  if (status === 413) return new Fault('request.too_large', { message: `${said}: the request is too large.` });
  if (status === 429) return new Fault('limit.rate_exceeded', { message: `${said}: too many requests.` });
  if (status >= 500) return new Fault('upstream.unavailable', { message: `${said}: the gateway, or a proxy before it, is not available.`, effect: 'unknown' });
  return new Fault('upstream.protocol_error', { message: `${said}, without a JSON-RPC answer.` });
}
