/** An operation whose answer comes in parts: server-sent events, as they arrive. */
import { createParser } from 'eventsource-parser';
import { PAGE_HEADER } from '../../src/contract/page-header.ts';
import { toRefusal } from './ask.ts';
import type { OperationKey, RequestOf } from './operations.ts';
import { unreachable } from './problem.ts';

export interface StreamedEvent {
  readonly name: string;
  /** What its JSON says. */
  readonly data: Readonly<Record<string, unknown>>;
}

/** Rejects with `ApiProblem`, and with the reason of `signal` once that is aborted. For operations without parameters. */
export async function* askStream<Key extends OperationKey>(key: Key, body: RequestOf<Key>['body'], signal: AbortSignal): AsyncGenerator<StreamedEvent> {
  const response = await send(key, body, signal);
  if (!response.ok) throw toRefusal(await response.json().catch(() => undefined), response);
  const found: StreamedEvent[] = [];
  const parser = createParser({ onEvent: ({ event = 'message', data }) => found.push({ name: event, data: JSON.parse(data) as StreamedEvent['data'] }) });
  const decoder = new TextDecoder();
  const reader = response.body?.getReader();
  for (;;) {
    const part = await reader?.read();
    if (part === undefined || part.done) return;
    parser.feed(decoder.decode(part.value, { stream: true }));
    yield* found.splice(0);
  }
}

async function send(key: OperationKey, body: unknown, signal: AbortSignal): Promise<Response> {
  const [method = '', path = ''] = key.split(' ');
  try {
    // oxlint-disable-next-line no-restricted-globals -- to the page's own origin; the client of `ask` reads whole answers
    return await fetch(path, { method, credentials: 'same-origin', headers: { [PAGE_HEADER]: '1', 'content-type': 'application/json' }, body: JSON.stringify(body), signal });
  } catch (thrown) {
    throw signal.aborted ? thrown : unreachable();
  }
}
