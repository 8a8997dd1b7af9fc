/**
 * The door between gateways: a request goes to another one as it came, with a seal that only gateways of the same
 * instance can make. The seal names who it is for, when it was made, which address the client has, and the digest of
 * method and address, so that it opens nothing else and nothing later. The credential travels too and is proven there:
 * the seal only says that the request came in by a gateway. All of it goes over TLS (replica-tls.ts).
 */
import { hash } from 'node:crypto';
import { Agent, type ClientRequest, type IncomingMessage, request, type RequestOptions } from 'node:http';
import { request as requestEncrypted } from 'node:https';
import type { Duplex } from 'node:stream';
import { z } from 'zod';
import type { Clock } from '../base/clock.ts';
import { Fault } from '../base/fault.ts';
import type { HttpRequest, HttpResponse } from '../base/http.ts';
import type { RandomBytes } from '../base/ids.ts';
import { open, seal } from '../base/sealed.ts';
import { createReplicaTls, isEncrypted, type ReplicaTls } from './replica-tls.ts';

export const REPLICA_HEADER = 'x-metamcp-replica';
/** The answer of a gateway that does not have what it is asked for; it did nothing. RFC 9110 section 15.5.20. */
export const MISDIRECTED = 421;
/** Said in the header of such an answer by a gateway that is about to end. */
export const LEAVING = 'leaving';
/** Lines of JSON-RPC in both directions. */
export const STREAM_PROTOCOL = 'metamcp-lines';
const RECORD = 'replica request';
/** Clocks of machines differ. */
const SEAL_MS = 60_000;
const CONNECT_MS = 1_000;
/** RFC 9110 section 7.6.1, and what is said anew. */
const HOP_HEADERS = new Set(['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'te', 'trailer', 'upgrade', 'expect', 'content-length', REPLICA_HEADER]);

const SealSchema = z.object({ to: z.string(), atMs: z.number(), asked: z.string(), address: z.string() });

export interface Target {
  readonly id: string;
  /** Base address as `http://…`, without a slash at the end. */
  readonly address: string | undefined;
  /** It speaks TLS at that address too, and is spoken to in no other way. Those of the version before do not. */
  readonly isEncrypted: boolean;
}

export interface Forwarded {
  readonly http: HttpRequest;
  readonly response: HttpResponse;
  readonly body: Buffer;
  /** Of the client. */
  readonly clientAddress: string;
}

/** `gone`: no process is there. `leaving`: it gives away what it has. `not_held`: it does not have what is asked for. Nothing was done in any of these. */
export type ForwardOutcome = 'answered' | 'gone' | 'leaving' | 'not_held';

export interface ReplicaDoorDeps {
  /** Id of this gateway. */
  readonly self: string;
  /** 32 bytes. */
  readonly key: Uint8Array;
  readonly clock: Clock;
  readonly random: RandomBytes;
}

export class ReplicaDoor {
  readonly #deps: ReplicaDoorDeps;
  // A connection each: one that was kept may have died unnoticed, and nobody would know what became of the request.
  readonly #plainAgent = new Agent({ keepAlive: false });
  readonly #tls: ReplicaTls;

  constructor(deps: ReplicaDoorDeps) {
    this.#deps = deps;
    this.#tls = createReplicaTls(deps.key);
  }

  /** Of this gateway, for who listens. */
  get tls(): Pick<ReplicaTls, 'serve'> {
    return this.#tls;
  }

  close(): void {
    this.#plainAgent.destroy();
    this.#tls.agent.destroy();
  }

  /** The client's address that the seal names; undefined where it does not open for exactly this request. */
  judge(http: HttpRequest): string | undefined {
    const sealed = http.headers[REPLICA_HEADER];
    if (typeof sealed !== 'string') return undefined;
    try {
      const { to, atMs, asked, address } = SealSchema.parse(JSON.parse(open(sealed, { key: this.#deps.key, record: RECORD })));
      const isFresh = Math.abs(this.#deps.clock.nowMs() - atMs) < SEAL_MS;
      return isFresh && to === this.#deps.self && asked === digestOf(http) ? address : undefined;
    } catch {
      return undefined;
    }
  }

  /**
   * Resolves once the answer has begun or is known not to come from there. Rejects with `gateway.replica_unreachable`
   * where nothing was sent, `gateway.replica_lost` where it may have been executed.
   */
  forward(target: Target, forwarded: Forwarded): Promise<ForwardOutcome> {
    const { http, response, body } = forwarded;
    return new Promise((resolve, reject) => {
      const sent = this.#begin(target, http.url ?? '', { method: http.method, headers: this.#headersFor(target, forwarded) });
      let isConnected = false;
      const stopTimer = this.#deps.clock.after(CONNECT_MS, () => {
        if (!isConnected) sent.destroy(new Fault('gateway.replica_unreachable', { detail: `${target.id} takes no connection` }));
      });
      watchConnect(sent, () => {
        isConnected = true;
        stopTimer();
      });
      const leave = (): void => void sent.destroy();
      response.once('close', leave);
      sent.once('response', (answer) => {
        if (answer.statusCode === MISDIRECTED) {
          response.off('close', leave);
          answer.resume();
          resolve(answer.headers[REPLICA_HEADER] === LEAVING ? 'leaving' : 'not_held');
          return;
        }
        pass(answer, response);
        resolve('answered');
      });
      sent.once('error', (problem: NodeJS.ErrnoException) => {
        stopTimer();
        response.off('close', leave);
        if (problem instanceof Fault) reject(problem);
        else if (problem.code === 'ECONNREFUSED') resolve('gone');
        else if (!isConnected) reject(new Fault('gateway.replica_unreachable', { detail: `${target.id}: ${problem.message}`, cause: problem }));
        else reject(new Fault('gateway.replica_lost', { detail: `${target.id}: ${problem.message}`, cause: problem }));
      });
      sent.end(body);
    });
  }

  /**
   * A stream of its own to that address of the gateway (RFC 9110 section 7.8, "Upgrade"). Undefined where no process is
   * there, or where it has no such stream now. Rejects with `gateway.replica_unreachable`.
   */
  openStream(target: Target, path: string): Promise<Duplex | undefined> {
    return new Promise((resolve, reject) => {
      const asked = { method: 'GET', url: path };
      const headers = { connection: 'Upgrade', upgrade: STREAM_PROTOCOL, [REPLICA_HEADER]: this.#seal(target, asked, '') };
      const sent = this.#begin(target, path, { headers });
      const stopTimer = this.#deps.clock.after(CONNECT_MS, () => sent.destroy(new Fault('gateway.replica_unreachable', { detail: `${target.id} does not open a stream` })));
      sent.once('upgrade', (_answer, socket, head) => {
        stopTimer();
        if (head.length > 0) socket.unshift(head);
        resolve(socket);
      });
      sent.once('response', (answer) => {
        stopTimer();
        answer.resume();
        resolve(undefined);
      });
      sent.once('error', (problem: NodeJS.ErrnoException) => {
        stopTimer();
        if (problem.code === 'ECONNREFUSED') resolve(undefined);
        else reject(problem instanceof Fault ? problem : new Fault('gateway.replica_unreachable', { detail: `${target.id}: ${problem.message}`, cause: problem }));
      });
      sent.end();
    });
  }

  #begin({ address = '', isEncrypted }: Target, path: string, options: RequestOptions): ClientRequest {
    if (!isEncrypted) return request(`${address}${path}`, { ...options, agent: this.#plainAgent });
    return requestEncrypted(`${address.replace(/^http:/, 'https:')}${path}`, { ...options, agent: this.#tls.agent });
  }

  #headersFor(target: Target, { http, body, clientAddress }: Forwarded): Record<string, string | string[]> {
    const headers: Record<string, string | string[]> = {};
    for (const [name, value] of Object.entries(http.headers)) if (value !== undefined && !HOP_HEADERS.has(name)) headers[name] = value;
    if (http.method === 'POST') headers['content-length'] = String(body.length);
    headers[REPLICA_HEADER] = this.#seal(target, http, clientAddress);
    return headers;
  }

  #seal({ id }: Target, asked: Asked, address: string): string {
    const facts = { to: id, atMs: this.#deps.clock.nowMs(), asked: digestOf(asked), address };
    return seal(JSON.stringify(facts), { key: this.#deps.key, record: RECORD }, this.#deps.random);
  }
}

/** Before that not a byte of the request was sent: with TLS, before both have proven the key. */
function watchConnect(sent: ClientRequest, connected: () => void): void {
  sent.once('socket', (socket) => socket.once(isEncrypted(socket) ? 'secureConnect' : 'connect', connected));
}

function pass(answer: IncomingMessage, response: HttpResponse): void {
  const headers = Object.entries(answer.headers).filter(([name, value]) => value !== undefined && !HOP_HEADERS.has(name));
  const length = answer.headers['content-length'];
  response.writeHead(answer.statusCode ?? 502, { ...Object.fromEntries(headers), ...(length === undefined ? {} : { 'content-length': length }) });
  // A stream may say nothing for long; who waits for it must know that it is open.
  response.flushHeaders();
  answer.on('error', () => response.destroy());
  answer.on('data', (chunk: Buffer) => {
    if (!response.write(chunk)) answer.pause();
  });
  response.on('drain', () => answer.resume());
  answer.on('end', () => response.end());
  // What was cut off must not look finished.
  answer.once('close', () => {
    if (!answer.complete) response.destroy();
  });
}

/** What of a request its seal is for. */
type Asked = Pick<HttpRequest, 'method' | 'url'>;

function digestOf({ method, url }: Asked): string {
  return hash('sha256', `${method ?? ''} ${url ?? ''}`, 'base64url');
}
