/** Streams over which other gateways use a server that runs inside of this one: each is a connection of its own to it, a message a line. */
import type { Duplex } from 'node:stream';
import { isObject, type JsonValue } from '../protocol/messages.ts';
import type { InnerServer } from './inner-link.ts';
import { LineSplitter } from './stdio/line-splitter.ts';

/** A request holds at most what the gateway takes from a client, and a little. */
const LINE_BYTES_MAX = 16 << 20;
/** Of answers that the other gateway does not take. */
const UNREAD_BYTES_MAX = 64 << 20;

export class InnerStreams {
  /** By stream, the ids of requests under way. */
  readonly #open = new Map<Duplex, Set<JsonValue>>();

  /** `serve` makes the server's end; the stream ends with who asked for it, or by `leave` and `end`. */
  join(socket: Duplex, serve: (send: (message: JsonValue) => void) => InnerServer): void {
    const underWay = new Set<JsonValue>();
    this.#open.set(socket, underWay);
    const inner = serve((message) => {
      if (isObject(message) && message['id'] !== undefined && message['method'] === undefined) underWay.delete(message['id']);
      if (socket.writableLength > UNREAD_BYTES_MAX) socket.destroy(new Error('the other gateway does not read'));
      else if (socket.writable) socket.write(`${JSON.stringify(message)}\n`);
    });
    const take = (line: string): void => {
      const id = requestIdOf(line);
      if (id !== undefined) underWay.add(id);
      void inner.receive(line);
    };
    const lines = new LineSplitter(
      { lineBytesMax: LINE_BYTES_MAX, discardBytesMax: LINE_BYTES_MAX },
      { line: (bytes) => take(bytes.toString()), outgrown: () => socket.destroy(new Error('a stream of another gateway carries what is no message')), discarded: () => undefined },
    );
    socket.on('data', (chunk: Buffer) => lines.push(chunk));
    socket.on('error', () => undefined);
    socket.once('end', () => socket.end());
    socket.once('close', () => {
      this.#open.delete(socket);
      inner.close();
    });
  }

  /** Ends the streams without a request under way; how many others there are. */
  leave(): number {
    const busy = [...this.#open].filter(([, underWay]) => underWay.size > 0).map(([socket]) => socket);
    for (const socket of this.#open.keys()) if (!busy.includes(socket)) socket.end();
    return busy.length;
  }

  end(): void {
    for (const socket of this.#open.keys()) socket.destroy();
  }
}

function requestIdOf(line: string): JsonValue | undefined {
  try {
    const message = JSON.parse(line) as JsonValue;
    return isObject(message) && message['method'] !== undefined ? message['id'] : undefined;
  } catch {
    // The server's end says what is wrong with it.
    return undefined;
  }
}
