/** One connection to a server: one exchange at a time, never a second before the first is complete. */
import type { Socket } from 'node:net';
import { ResponseParser } from './response-parser.ts';
import { requestText, type WireController, WireError, type WireHandler, type WireHeaders, type WireRequest } from './wire-request.ts';

export interface ConnectionOwner {
  /** As `Host` has it. */
  readonly host: string;
  readonly headBytesMax: number;
  /** The exchange is over and another may follow. `idleMsMax`: the server closes the connection after so long, undefined where it did not say. */
  freed(connection: WireConnection, idleMsMax: number | undefined): void;
  /** Called once; nothing more comes. */
  closed(connection: WireConnection): void;
}

/** What the handler of one request holds: it reaches its own exchange only, not the next one on the same connection. */
class Exchange implements WireController {
  readonly handler: WireHandler;
  /** Bytes may have left us. */
  isWritten = false;
  readonly #connection: WireConnection;

  constructor(connection: WireConnection, handler: WireHandler) {
    this.#connection = connection;
    this.handler = handler;
  }

  abort(reason: Error): void {
    this.#connection.abandon(this, reason);
  }
}

export class WireConnection {
  readonly #socket: Socket;
  readonly #owner: ConnectionOwner;
  readonly #parser: ResponseParser;
  #exchange: Exchange | undefined;
  #idleMsMax: number | undefined;
  /** Monotonic; when it must not be used any more. */
  expiresAtMs = Number.POSITIVE_INFINITY;

  constructor(socket: Socket, owner: ConnectionOwner) {
    this.#socket = socket;
    this.#owner = owner;
    this.#parser = new ResponseParser(
      {
        head: (status, headers) => this.#head(status, headers),
        data: (chunk) => this.#exchange?.handler.onResponseData(this.#exchange, chunk),
        complete: (isReusable) => this.#complete(isReusable),
      },
      owner.headBytesMax,
    );
    socket.on('end', () => this.#ended());
    socket.on('error', (error) => this.#break(error));
    socket.on('close', () => {
      this.#break(new WireError('cut_off', 'the connection was closed'));
      owner.closed(this);
    });
  }

  get isUsable(): boolean {
    return !this.#socket.destroyed && this.#socket.writable;
  }

  /** Writes the request. The handler hears of everything that follows; this method throws nothing. */
  run(request: WireRequest, handler: WireHandler): void {
    const exchange = new Exchange(this, handler);
    let text: ReturnType<typeof requestText>;
    try {
      text = requestText(request, this.#owner.host);
    } catch (thrown) {
      handler.onResponseError(undefined, toError(thrown));
      this.#owner.freed(this, undefined);
      return;
    }
    this.#exchange = exchange;
    handler.onRequestStart(exchange);
    if (this.#exchange !== exchange) {
      this.#owner.freed(this, undefined);
      return;
    }
    exchange.isWritten = true;
    this.#write(text, request.body);
  }

  /** Ends that exchange, and the connection with it once anything was written. */
  abandon(exchange: Exchange, reason: Error): void {
    if (this.#exchange === exchange) this.#break(reason);
  }

  /** Also without an exchange. */
  destroy(reason: Error): void {
    this.#break(reason);
    this.#socket.destroy();
  }

  #write({ head, isLatin1 }: ReturnType<typeof requestText>, body: string | undefined): void {
    if (body === undefined || isLatin1) {
      this.#socket.write(body === undefined ? head : head + body, 'latin1');
      return;
    }
    this.#socket.cork();
    this.#socket.write(head, 'latin1');
    this.#socket.write(body, 'utf8');
    this.#socket.uncork();
  }

  /** What came in. */
  read(chunk: Buffer): void {
    // Bytes that nobody asked for could be taken for the answer to the next request.
    if (this.#exchange === undefined) {
      this.#socket.destroy();
      return;
    }
    try {
      this.#parser.push(chunk);
    } catch (thrown) {
      this.#break(toError(thrown));
    }
  }

  #ended(): void {
    try {
      if (this.#exchange !== undefined) this.#parser.end();
    } catch (thrown) {
      this.#break(toError(thrown));
    }
    this.#socket.destroy();
  }

  #head(status: number, headers: WireHeaders): void {
    const keepAlive = headers['keep-alive'];
    this.#idleMsMax = keepAlive === undefined ? undefined : keepAliveMs(String(keepAlive));
    this.#exchange?.handler.onResponseStart(this.#exchange, status, headers);
  }

  #complete(isReusable: boolean): void {
    const exchange = this.#exchange;
    this.#exchange = undefined;
    if (isReusable) this.#parser.restart();
    else this.#socket.destroy();
    exchange?.handler.onResponseEnd();
    if (isReusable && this.isUsable) this.#owner.freed(this, this.#idleMsMax);
  }

  #break(error: Error): void {
    const exchange = this.#exchange;
    if (exchange === undefined) return;
    this.#exchange = undefined;
    if (exchange.isWritten) this.#socket.destroy();
    exchange.handler.onResponseError(exchange, error);
  }
}

/** `Keep-Alive: timeout=5`, in milliseconds. */
function keepAliveMs(header: string): number | undefined {
  const seconds = /\btimeout=(\d{1,6})\b/i.exec(header)?.[1];
  return seconds === undefined ? undefined : Number(seconds) * 1_000;
}

function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
