/** A link to a server that runs inside of the gateway: messages are handed over, as text, and never cross a process. */
import { Fault } from '../base/fault.ts';
import { readEnvelope } from '../protocol/envelope.ts';
import type { JsonValue } from '../protocol/messages.ts';
import type { Link, LinkEvents, Outgoing } from './link.ts';

/** The server's end of the link. */
export interface InnerServer {
  /** Takes one message; never rejects. */
  receive(line: string): Promise<void>;
  close(): void;
}

/** `serve` makes the server's end; what it sends comes out of the link. */
export function openInnerLink(server: string, serve: (send: (message: JsonValue) => void) => InnerServer, events: LinkEvents): Link {
  let isClosed = false;
  const inner = serve((message) => {
    if (isClosed) return;
    // In a turn of its own, as from a process: nobody is called back in the middle of a call.
    setImmediate(() => {
      if (!isClosed) events.message(readEnvelope(Buffer.from(JSON.stringify(message)), NO_LIMITS), undefined);
    });
  });
  return {
    kind: 'inner',
    pid: undefined,
    send: (message: Outgoing) => {
      if (isClosed) throw new Fault('upstream.closed', { server, effect: 'not_executed', detail: 'the server is closed' });
      void inner.receive(message.text);
    },
    abort: () => undefined,
    stderrTail: () => '',
    close: async () => {
      if (isClosed) return;
      isClosed = true;
      inner.close();
      events.closed(new Fault('upstream.closed', { server, effect: 'not_executed', detail: 'the gateway closed it' }));
    },
  };
}

/** What our own servers say is bounded where it is made. */
const NO_LIMITS = { depthMax: 1_000, nodesMax: Number.MAX_SAFE_INTEGER, keysPerObjectMax: Number.MAX_SAFE_INTEGER, stringBytesMax: Number.MAX_SAFE_INTEGER };
