/**
 * Server-sent events out of a byte stream (WHATWG HTML section 9.2), pulled one at a time, so that a slow reader of
 * the events slows the socket down.
 */
import { createParser } from 'eventsource-parser';

export interface StreamEvent {
  readonly data: string;
  /** The event's own id, usable as Last-Event-ID. */
  readonly id: string | undefined;
}

/**
 * The events of `chunks`. `onRetryMs` hears the delay the server wishes before a reconnection.
 * The parser rescans an unfinished line with every piece it is fed, which is quadratic in the length of that line, so
 * pieces without a line end are held back and fed together.
 */
export async function* readEventStream(chunks: AsyncIterable<Uint8Array>, onRetryMs: (delayMs: number) => void): AsyncGenerator<StreamEvent> {
  const events: StreamEvent[] = [];
  const parser = createParser({ onEvent: (event) => events.push({ data: event.data, id: event.id }), onRetry: onRetryMs });
  const decoder = new TextDecoder();
  let unfinished: string[] = [];
  for await (const chunk of chunks) {
    const text = decoder.decode(chunk, { stream: true });
    const end = Math.max(text.lastIndexOf('\n'), text.lastIndexOf('\r')) + 1;
    if (end === 0) {
      unfinished.push(text);
      continue;
    }
    parser.feed([...unfinished, text.slice(0, end)].join(''));
    unfinished = end < text.length ? [text.slice(end)] : [];
    yield* events.splice(0);
  }
}
