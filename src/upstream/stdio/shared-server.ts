/**
 * One process for several gateways (placement `one`). The gateway that has it uses its link as if alone; the others reach
 * it by streams of lines, and what goes through is changed in one respect: ids of a stream's requests, and the tokens and
 * cancellations that name them, become ids of a range that the own peer never uses. `initialize` is answered from what
 * the process said to the own peer, since a process shakes hands once. What the server asks of clients stays with the
 * own peer, which refuses it, as on every connection that all share.
 */
import type { Duplex } from 'node:stream';
import { Fault } from '../../base/fault.ts';
import type { Envelope, RawObject } from '../../protocol/envelope.ts';
import type { JsonObject, JsonValue, RequestId } from '../../protocol/messages.ts';
import { metaOf } from '../../protocol/meta.ts';
import type { Link, LinkEvents, OpenLink, Outgoing } from '../link.ts';
import { LineSplitter } from './line-splitter.ts';
import { readLine } from './read-line.ts';

/** Ids of peers count from 1 and never come near. */
const FOREIGN_IDS_FROM = 2 ** 40;
/** A request holds at most what the gateway takes from a client, and a little. */
const LINE_BYTES_MAX = 16 << 20;
/** Of answers that the other gateway does not take. */
const UNREAD_BYTES_MAX = 64 << 20;
const UNREADABLE = 'a stream of another gateway carries what is no message';

interface Asked {
  readonly stream: Stream;
  readonly id: RequestId;
  readonly hasToken: boolean;
}

interface Stream {
  readonly socket: Duplex;
  /** By the stream's own ids. */
  readonly underWay: Map<RequestId, number>;
  readonly watched: Set<string>;
}

/** The one process of a server, while this gateway has it. */
export class SharedServer {
  /** Undefined until the process has shaken hands. */
  #greeting: { readonly initialized: string | undefined } | undefined;
  #link: Link | undefined;
  /** The own peer. */
  #own: LinkEvents | undefined;
  #lastId = FOREIGN_IDS_FROM;
  #initializeId: number | undefined;
  #initialized: string | undefined;
  #probeId: number | undefined;
  readonly #asked = new Map<number, Asked>();
  readonly #streams = new Set<Stream>();
  /** Of the own peer. */
  readonly #watched = new Set<string>();

  get isReady(): boolean {
    return this.#greeting !== undefined && this.#link !== undefined;
  }

  /** The link of the own peer, whose process other gateways use as well. */
  open(open: OpenLink): OpenLink {
    return async (events) => {
      this.#own = events;
      const link = await open(this.#between(events));
      this.#link = link;
      return { ...plain(link), send: (message) => this.#send(link, message) };
    };
  }

  /** Another gateway's stream. It is ended with the process, and when it carries what is no message. */
  join(socket: Duplex): void {
    const stream: Stream = { socket, underWay: new Map(), watched: new Set() };
    this.#streams.add(stream);
    const lines = new LineSplitter(
      { lineBytesMax: LINE_BYTES_MAX, discardBytesMax: LINE_BYTES_MAX },
      { line: (bytes) => this.#take(stream, bytes), outgrown: () => socket.destroy(new Error(UNREADABLE)), discarded: () => undefined },
    );
    socket.on('data', (chunk: Buffer) => lines.push(chunk));
    socket.on('error', () => undefined);
    socket.once('end', () => socket.end());
    socket.once('close', () => this.#left(stream));
  }

  /** Ends the streams without a request under way; how many others there are. */
  leave(): number {
    const busy = [...this.#streams].filter(({ underWay }) => underWay.size > 0);
    for (const stream of this.#streams) if (!busy.includes(stream)) stream.socket.end();
    return busy.length;
  }

  end(): void {
    for (const { socket } of this.#streams) socket.destroy();
  }

  #between(events: LinkEvents): LinkEvents {
    return {
      message: (envelope, carrier) => {
        if (!this.#give(envelope)) events.message(envelope, carrier);
      },
      failed: (id, fault, status) => {
        if (id < FOREIGN_IDS_FROM) events.failed(id, fault, status);
        else this.#answer(id, `"error":${JSON.stringify({ code: fault.rpc, message: fault.message })}`);
      },
      dropped: (...args) => events.dropped(...args),
      closed: (fault) => {
        this.#greeting = undefined;
        this.#link = undefined;
        this.end();
        events.closed(fault);
      },
    };
  }

  #send(link: Link, message: Outgoing): void {
    const { method, id, text } = message;
    if (method === 'initialize') this.#initializeId = id;
    else if (method === 'server/discover') this.#probeId = id;
    else if (method === 'notifications/initialized') this.#greeting = { initialized: this.#initialized };
    else if (method === 'resources/subscribe' || method === 'resources/unsubscribe') {
      if (!this.#watches(this.#watched, method, uriOf(JSON.parse(text) as JsonObject))) return this.#pretend(message);
    }
    link.send(message);
  }

  /** Somebody else still wants to hear of it: the process is not told, and its peer is answered. */
  #pretend({ id }: Outgoing): void {
    const reading = readLine(Buffer.from(`{"jsonrpc":"2.0","id":${id},"result":{}}`));
    if (reading.kind === 'message') setImmediate(() => this.#own?.message(reading.envelope, undefined));
  }

  /** True where the message was another gateway's alone. */
  #give(envelope: Envelope): boolean {
    const { kind, body, method } = envelope;
    if (kind === 'result' || kind === 'error') return this.#giveAnswer(envelope);
    if (kind === 'request' || method === 'notifications/cancelled') return false;
    if (method === 'notifications/progress') return this.#giveProgress(body);
    for (const stream of this.#streams) write(stream, notice(method, this.#translated(stream, body)));
    return false;
  }

  #giveAnswer({ kind, id, body }: Envelope): boolean {
    if (typeof id === 'number' && id >= FOREIGN_IDS_FROM) {
      this.#answer(id, `"${kind}":${body?.text ?? '{}'}`);
      return true;
    }
    if (kind === 'error' || id === undefined) return false;
    if (id === this.#initializeId) this.#initialized = body?.text;
    else if (id === this.#probeId && body?.has('supportedVersions') === true) this.#greeting = { initialized: undefined };
    return false;
  }

  #giveProgress(body: RawObject | undefined): boolean {
    const token = body?.value['progressToken'];
    if (typeof token !== 'number' || token < FOREIGN_IDS_FROM) return false;
    const asked = this.#asked.get(token);
    if (asked?.hasToken === true) write(asked.stream, notice('notifications/progress', JSON.stringify({ ...body?.value, progressToken: asked.id })));
    return true;
  }

  /** A subscription of 2026-07-28 is named by the request that opened it, which has another id here. */
  #translated(stream: Stream, body: RawObject | undefined): string | undefined {
    const opened = body === undefined ? undefined : metaOf(body.value)[SUBSCRIPTION];
    if (body === undefined || typeof opened !== 'number' || opened < FOREIGN_IDS_FROM) return body?.text;
    const asked = this.#asked.get(opened);
    return asked?.stream === stream ? JSON.stringify({ ...body.value, _meta: { ...metaOf(body.value), [SUBSCRIPTION]: asked.id } }) : body.text;
  }

  #answer(id: number, body: string): void {
    const asked = this.#asked.get(id);
    this.#asked.delete(id);
    if (asked === undefined) return;
    asked.stream.underWay.delete(asked.id);
    write(asked.stream, `{"jsonrpc":"2.0","id":${JSON.stringify(asked.id)},${body}}`);
  }

  #take(stream: Stream, bytes: Buffer): void {
    const reading = readLine(Buffer.from(bytes));
    if (reading.kind !== 'message') return void stream.socket.destroy(new Error(UNREADABLE));
    const { envelope } = reading;
    if (envelope.kind === 'request' && envelope.id !== undefined) this.#ask(stream, envelope, envelope.id);
    else if (envelope.method === 'notifications/cancelled') this.#cancel(stream, envelope.body?.value ?? {});
    // The process was told of its one beginning, and asks other gateways nothing.
  }

  #ask(stream: Stream, envelope: Envelope, id: RequestId): void {
    const reply = (text: string): void => write(stream, `{"jsonrpc":"2.0","id":${JSON.stringify(id)},${text}}`);
    const own = this.#answerOf(stream, envelope);
    if (own !== undefined) return reply(own);
    const { method, body } = envelope;
    const foreignId = ++this.#lastId;
    const hasToken = body !== undefined && metaOf(body.value)['progressToken'] !== undefined;
    const params = hasToken ? JSON.stringify({ ...body.value, _meta: { ...metaOf(body.value), progressToken: foreignId } }) : body?.text;
    try {
      if (this.#link === undefined) throw new Fault('upstream.closed', { detail: 'the process has ended' });
      this.#link.send({ id: foreignId, method, text: `{"jsonrpc":"2.0","id":${foreignId},"method":${JSON.stringify(method)}${params === undefined ? '' : `,"params":${params}`}}` });
    } catch (thrown) {
      // Not a byte was sent.
      return reply(`"error":${JSON.stringify({ code: -32603, message: thrown instanceof Fault ? thrown.message : 'Internal error' })}`);
    }
    this.#asked.set(foreignId, { stream, id, hasToken });
    stream.underWay.set(id, foreignId);
  }

  /** What the process need not be asked. */
  #answerOf(stream: Stream, { method, body }: Envelope): string | undefined {
    const initialized = this.#greeting?.initialized;
    if (method === 'initialize') return initialized === undefined ? '"error":{"code":-32601,"message":"Method not found"}' : `"result":${initialized}`;
    if (method === 'ping') return '"result":{}';
    const isAboutWatching = method === 'resources/subscribe' || method === 'resources/unsubscribe';
    return isAboutWatching && !this.#watches(stream.watched, method, body?.value['uri']) ? '"result":{}' : undefined;
  }

  #cancel(stream: Stream, params: JsonObject): void {
    const id = params['requestId'] as RequestId;
    const foreignId = stream.underWay.get(id);
    if (foreignId === undefined) return;
    // Nobody waits for an answer any more, and often there is none.
    stream.underWay.delete(id);
    this.#asked.delete(foreignId);
    this.#tell('notifications/cancelled', { ...params, requestId: foreignId });
  }

  /** False where the process need not be told, because another one's subscription stays. */
  #watches(watched: Set<string>, method: string, uri: JsonValue | undefined): boolean {
    if (typeof uri !== 'string') return true;
    if (method === 'resources/subscribe') {
      watched.add(uri);
      return true;
    }
    watched.delete(uri);
    return ![this.#watched, ...[...this.#streams].map((stream) => stream.watched)].some((others) => others.has(uri));
  }

  /** The clients of a gateway that left wait for nothing any more. */
  #left(stream: Stream): void {
    if (!this.#streams.delete(stream)) return;
    for (const foreignId of stream.underWay.values()) {
      this.#asked.delete(foreignId);
      this.#tell('notifications/cancelled', { requestId: foreignId, reason: 'the gateway of the client is gone' });
    }
    for (const uri of stream.watched) {
      if (!this.#watches(new Set(), 'resources/unsubscribe', uri)) continue;
      const id = ++this.#lastId;
      this.#tell('resources/unsubscribe', { uri }, id);
    }
  }

  #tell(method: string, params: JsonObject, id?: number): void {
    try {
      this.#link?.send({ method, text: JSON.stringify({ jsonrpc: '2.0', ...(id === undefined ? {} : { id }), method, params }), ...(id === undefined ? {} : { id }) });
    } catch {
      // A process that takes nothing more is told nothing; it will be ended for that.
    }
  }
}

const SUBSCRIPTION = 'io.modelcontextprotocol/subscriptionId';

function uriOf(message: JsonObject): JsonValue | undefined {
  const { params } = message;
  return typeof params === 'object' && params !== null && !Array.isArray(params) ? (params as JsonObject)['uri'] : undefined;
}

function notice(method: string, params: string | undefined): string {
  return `{"jsonrpc":"2.0","method":${JSON.stringify(method)}${params === undefined ? '' : `,"params":${params}`}}`;
}

function write({ socket }: Stream, text: string): void {
  if (!socket.writable) return;
  if (socket.writableLength > UNREAD_BYTES_MAX) socket.destroy(new Error('the other gateway does not read'));
  else socket.write(`${text}\n`);
}

/** Methods of a class do not come along when it is spread. */
function plain(link: Link): Link {
  return {
    kind: link.kind,
    pid: link.pid,
    send: (message) => link.send(message),
    abort: (id) => link.abort(id),
    close: (end) => link.close(end),
    stderrTail: () => link.stderrTail(),
  };
}
