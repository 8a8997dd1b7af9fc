/**
 * Asks a language model for the next message of a chat and hands its answer on as it comes. The address goes through the
 * dialer like any other, no redirect is followed, time and size are bounded, and the connection ends with its reader.
 */
import { Client } from 'undici';
import type { Clock } from '../../base/clock.ts';
import { Fault } from '../../base/fault.ts';
import type { ChatEvent, ChatModel, ChatRequest } from '../../model/chat.ts';
import type { Dialer } from '../dialer/dialer.ts';
import { EventStreamParser } from '../dialer/event-stream-parser.ts';
import { AnswerReader, completionsUrl, toBody, wordsOf } from './wire-form.ts';

/** The beginning of an answer is there once this resolves; what goes wrong later, the iteration rejects with. */
export type CompleteChat = (model: ChatModel, request: ChatRequest) => Promise<AsyncIterable<ChatEvent>>;

/** Models on one's own machine are loaded first. */
const SILENCE_TIMEOUT_MS = 120_000;
const TOTAL_TIMEOUT_MS = 600_000;
const ANSWER_BYTES_MAX = 8 << 20;
const EVENT_BYTES_MAX = 1 << 20;
const REFUSAL_BYTES_MAX = 64 << 10;

interface Exchange {
  readonly status: number;
  readonly isStream: boolean;
  readonly body: AsyncIterable<Buffer>;
  /** Ends the connection; once is enough, more does no harm. */
  readonly close: () => void;
}

/** Faults: `upstream.unavailable`, `upstream.protocol_error` (reason `model_refused`, `model_unreadable`), `upstream.too_large`. */
export function createCompleteChat(deps: { readonly clock: Clock; readonly dialer: Dialer }): CompleteChat {
  return async (model, request) => {
    const exchange = await send(deps, model, toBody(model, request)).catch((thrown: unknown) => {
      throw unavailable(thrown);
    });
    if (exchange.status !== 200) {
      try {
        throw refusal(exchange.status, await readText(exchange.body, REFUSAL_BYTES_MAX), model.key);
      } finally {
        exchange.close();
      }
    }
    const events = eventsOf(exchange, model.key);
    // A generator that nobody began has no `finally`: its reader may leave before.
    return {
      [Symbol.asyncIterator]: () => ({
        next: () => events.next(),
        return: () => {
          exchange.close();
          return Promise.resolve({ done: true, value: undefined });
        },
      }),
    };
  };
}

async function send({ clock, dialer }: Parameters<typeof createCompleteChat>[0], model: ChatModel, body: string): Promise<Exchange> {
  const address = completionsUrl(model);
  const { url, connect } = model.isOperators ? dialer.operatorTarget(address, '') : dialer.guardedTarget(address);
  const client = new Client(url.origin, { connect, allowH2: false, headersTimeout: SILENCE_TIMEOUT_MS, bodyTimeout: SILENCE_TIMEOUT_MS });
  const cancelTimer = clock.after(TOTAL_TIMEOUT_MS, () => close());
  const close = (): void => {
    cancelTimer();
    client.destroy().catch(() => undefined);
  };
  try {
    const headers = { 'content-type': 'application/json', accept: 'text/event-stream, application/json', 'user-agent': 'metamcp', ...(model.key !== undefined && { authorization: `Bearer ${model.key}` }) };
    const answer = await client.request({ method: 'POST', path: url.pathname + url.search, headers, body });
    const type = [answer.headers['content-type'] ?? ''].flat()[0] ?? '';
    return { status: answer.statusCode, isStream: type.startsWith('text/event-stream'), body: answer.body, close };
  } catch (thrown) {
    close();
    throw thrown;
  }
}

async function* eventsOf(exchange: Exchange, key: string | undefined): AsyncGenerator<ChatEvent, undefined> {
  const reader = new AnswerReader();
  try {
    for await (const data of exchange.isStream ? eventData(exchange.body) : wholeText(exchange.body)) {
      const read = reader.read(data);
      if (read === 'unreadable') throw new Fault('upstream.protocol_error', { message: 'What came is no chat completion: check the address.', reason: 'model_unreadable' });
      if ('failed' in read) throw refusal(exchange.status, read.failed, key);
      if (read.text !== '') yield { kind: 'text', text: read.text };
    }
    if (!reader.isFinished) throw new Fault('upstream.closed', { message: 'The model stopped in the middle of its answer.' });
    yield* reader.end();
  } catch (thrown) {
    throw unavailable(thrown);
  } finally {
    exchange.close();
  }
}

/** Data of each event until `[DONE]`. */
async function* eventData(body: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const found: string[] = [];
  let isOversized = false;
  const parser = new EventStreamParser({ event: (_, data) => found.push(data.toString('utf8')), oversized: () => (isOversized = true) }, EVENT_BYTES_MAX);
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    parser.push(chunk);
    if (bytes > ANSWER_BYTES_MAX || isOversized) throw tooLarge();
    for (const data of found.splice(0)) {
      if (data.trim() === '[DONE]') return;
      yield data;
    }
  }
}

async function* wholeText(body: AsyncIterable<Buffer>): AsyncGenerator<string> {
  yield await readText(body, ANSWER_BYTES_MAX);
}

async function readText(body: AsyncIterable<Buffer>, bytesMax: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > bytesMax) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function tooLarge(): Fault {
  return new Fault('upstream.too_large', { message: 'The answer of the model is too large.' });
}

/** Services quote the key that they refuse; whoever reads this has no need of it. */
function refusal(status: number, said: string, key: string | undefined): Fault {
  const words = wordsOf(said);
  const message = key === undefined ? words : words.replaceAll(key, '…');
  return new Fault('upstream.protocol_error', { message: `The service of the model refused (HTTP ${status}).`, reason: 'model_refused', data: { errors: [{ path: 'model', expected: 'an answer', message }] } });
}

/** Dead and forbidden addresses of strangers look alike; the dialer has seen to it. */
function unavailable(thrown: unknown): Fault {
  if (thrown instanceof Fault && thrown.code === 'egress.refused') return new Fault('egress.refused', { message: 'The address of the model cannot be reached, or leads into a network that is not open to it.', detail: thrown.detail ?? '', cause: thrown });
  if (thrown instanceof Fault && thrown.code !== 'upstream.unavailable') return thrown;
  const detail = thrown instanceof Fault ? (thrown.detail ?? '') : String(thrown);
  const reason = thrown instanceof Fault ? thrown.reason : undefined;
  return new Fault('upstream.unavailable', { message: 'The service of the model does not answer.', detail, ...(reason !== undefined && { reason }), cause: thrown });
}
