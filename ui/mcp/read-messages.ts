/** Messages of an HTTP answer as they come, whether it is one JSON text or an event stream. */
import { createParser } from 'eventsource-parser';
import { isObject, type JsonObject } from './protocol.ts';

export async function* readMessages(response: Response): AsyncGenerator<JsonObject> {
  if (response.headers.get('content-type')?.startsWith('text/event-stream') !== true) {
    yield* messagesIn(await response.text());
    return;
  }
  const found: JsonObject[] = [];
  const parser = createParser({ onEvent: ({ data }) => found.push(...messagesIn(data)) });
  const decoder = new TextDecoder();
  const reader = response.body?.getReader();
  for (;;) {
    const part = await reader?.read();
    if (part === undefined || part.done) break;
    parser.feed(decoder.decode(part.value, { stream: true }));
    yield* found.splice(0);
  }
}

/** None in a text that is no JSON: the page of a proxy, for one. */
function messagesIn(text: string): readonly JsonObject[] {
  try {
    const value: unknown = JSON.parse(text);
    return (Array.isArray(value) ? (value as unknown[]) : [value]).filter(isObject);
  } catch {
    return [];
  }
}
