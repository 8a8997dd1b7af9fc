/** The JSON-RPC messages of an HTTP answer as they come, whether it is one JSON text or an event stream. */
import { createParser } from 'eventsource-parser';
import { isObject, type JsonObject } from '../../src/protocol/messages.ts';

export interface ReadMessage {
  readonly message: JsonObject;
  /** As it lay in its bytes. */
  readonly text: string;
  /** Event id, for streams that have them. */
  readonly eventId: string | undefined;
  /** Event type; `message` unless the server said otherwise. */
  readonly event: string;
}

export async function* readMessages(response: Response): AsyncGenerator<ReadMessage> {
  if (response.headers.get('content-type')?.startsWith('text/event-stream') !== true) {
    const text = await response.text();
    if (text !== '') yield* split(text, undefined, 'message');
    return;
  }
  const found: ReadMessage[] = [];
  const parser = createParser({ onEvent: ({ data, id, event }) => found.push(...split(data, id, event ?? 'message')) });
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    parser.feed(decoder.decode(chunk, { stream: true }));
    yield* found.splice(0);
  }
}

/** A batch is its members; what is no JSON (the address event of HTTP+SSE) is an empty message with its text. */
function split(text: string, eventId: string | undefined, event: string): ReadMessage[] {
  if (event !== 'message') return [{ message: {}, text, eventId, event }];
  const value: unknown = text === '' ? {} : JSON.parse(text);
  const members: unknown[] = Array.isArray(value) ? value : [value];
  return members.filter(isObject).map((message) => ({ message, text, eventId, event }));
}
