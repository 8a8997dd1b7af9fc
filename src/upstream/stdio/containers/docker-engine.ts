/** Docker's Engine API over its socket (docs.docker.com/reference/api/engine, version 1.43; Podman answers to it too). */
import { type IncomingMessage, request } from 'node:http';
import type { Duplex } from 'node:stream';
import { Fault } from '../../../base/fault.ts';

const VERSION = 'v1.43';
const ANSWER_BYTES_MAX = 4 << 20;
const QUICK_MS = 15_000;

export interface EngineAnswer {
  readonly status: number;
  /** Undefined where the body is no JSON. */
  readonly value: unknown;
  readonly text: string;
}

export interface EngineRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Behind the version. */
  readonly path: string;
  readonly body?: object;
  /** 15 s where nothing else is said; 0: as long as it takes. */
  readonly timeoutMs?: number;
}

export class DockerEngine {
  readonly #socketPath: string;

  constructor(socketPath: string) {
    this.#socketPath = socketPath;
  }

  /** Any status is an answer. Rejects with `upstream.unavailable` where the engine does not answer. */
  ask({ method, path, body, timeoutMs = QUICK_MS }: EngineRequest): Promise<EngineAnswer> {
    return new Promise((resolve, reject) => {
      const text = body === undefined ? undefined : JSON.stringify(body);
      const headers = text === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
      const asked = request({ socketPath: this.#socketPath, method, path: `/${VERSION}${path}`, headers, ...(timeoutMs > 0 ? { signal: AbortSignal.timeout(timeoutMs) } : {}) });
      asked.once('error', (error) => reject(this.#unreachable(error)));
      asked.once('response', (answer) => {
        readText(answer).then(
          (read) => resolve({ status: answer.statusCode ?? 0, value: parsed(read), text: read }),
          (thrown: unknown) => reject(this.#unreachable(thrown)),
        );
      });
      asked.end(text);
    });
  }

  /** The connection itself, once the engine gave it up to the streams of a container ("Attach to a container"). */
  hijack(path: string): Promise<Duplex> {
    return new Promise((resolve, reject) => {
      const asked = request({ socketPath: this.#socketPath, method: 'POST', path: `/${VERSION}${path}`, headers: { connection: 'Upgrade', upgrade: 'tcp' } });
      asked.once('error', (error) => reject(this.#unreachable(error)));
      asked.once('upgrade', (_answer, socket, head) => {
        if (head.length > 0) socket.unshift(head);
        resolve(socket);
      });
      asked.once('response', (answer) => {
        answer.resume();
        reject(new Fault('upstream.unavailable', { reason: 'container_engine', detail: `the container engine does not attach: status ${answer.statusCode}` }));
      });
      asked.end();
    });
  }

  #unreachable(error: unknown): Fault {
    const code = error instanceof Error && 'code' in error ? String(error.code) : error instanceof Error ? error.message : 'unknown error';
    return new Fault('upstream.unavailable', { reason: 'container_engine', detail: `the container engine at ${this.#socketPath} does not answer (${code}): is it running, and may this user open its socket?`, cause: error });
  }
}

async function readText(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    // Progress of a pull may be long, and only its end matters.
    if (bytes > ANSWER_BYTES_MAX) chunks.splice(0, Math.ceil(chunks.length / 2));
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
