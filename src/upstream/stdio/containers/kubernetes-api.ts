/** The Kubernetes API as far as pods go (kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1). */
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { Agent, WebSocket } from 'undici';
import { Fault } from '../../../base/fault.ts';

const QUICK_MS = 15_000;
/** Streams of a pod over a WebSocket; the newer one can say that input has ended (SIG API Machinery, KEP-4006). */
export const CHANNEL_PROTOCOLS = ['v5.channel.k8s.io', 'v4.channel.k8s.io'] as const;

export interface KubernetesAccess {
  /** `https://10.0.0.1:443`, without a slash at the end. */
  readonly url: string;
  readonly namespace: string;
  /** Read anew for each request: tokens of service accounts are renewed on disk. */
  readonly token: () => string;
  /** Authorities of the API server, PEM. */
  readonly ca: string | undefined;
}

export interface PodAnswer {
  readonly status: number;
  readonly value: unknown;
}

export class KubernetesApi {
  readonly #access: KubernetesAccess;

  constructor(access: KubernetesAccess) {
    this.#access = access;
  }

  /** `path` behind the namespace's pods: empty, `/NAME`, `?labelSelector=…`. Rejects with `upstream.unavailable` where nobody answers. */
  pods(method: 'GET' | 'POST' | 'DELETE', path: string, body?: object): Promise<PodAnswer> {
    const { token, ca } = this.#access;
    const address = new URL(this.#addressOf(path));
    return new Promise((resolve, reject) => {
      const text = body === undefined ? undefined : JSON.stringify(body);
      const headers = { authorization: `Bearer ${token()}`, accept: 'application/json', ...(text === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }) };
      const options = { method, headers, signal: AbortSignal.timeout(QUICK_MS) };
      const asked = address.protocol === 'https:' ? requestHttps(address, { ...options, ca }) : requestHttp(address, options);
      asked.once('error', (error) => reject(unreachable(error)));
      asked.once('response', (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.once('error', (error) => reject(unreachable(error)));
        answer.once('end', () => resolve({ status: answer.statusCode ?? 0, value: parsed(Buffer.concat(chunks).toString('utf8')) }));
      });
      asked.end(text);
    });
  }

  /** The streams of a running pod. Resolves once they are open. */
  attach(name: string, container: string): Promise<WebSocket> {
    const { ca, token } = this.#access;
    const query = new URLSearchParams({ container, stdin: 'true', stdout: 'true', stderr: 'true', tty: 'false' });
    const address = `${this.#addressOf(`/${name}/attach`)}?${query.toString()}`.replace(/^http/, 'ws');
    const dispatcher = new Agent({ connect: ca === undefined ? {} : { ca } });
    const socket = new WebSocket(address, { protocols: [...CHANNEL_PROTOCOLS], headers: { authorization: `Bearer ${token()}` }, dispatcher });
    socket.binaryType = 'arraybuffer';
    return new Promise((resolve, reject) => {
      socket.addEventListener('open', () => resolve(socket), { once: true });
      socket.addEventListener('error', (event) => reject(unreachable(event.error)), { once: true });
      socket.addEventListener('close', () => {
        reject(new Fault('upstream.unavailable', { reason: 'container_engine', detail: 'the Kubernetes API closed the streams of the pod: may this service account attach to pods?' }));
        void dispatcher.destroy();
      });
    });
  }

  #addressOf(path: string): string {
    return `${this.#access.url}/api/v1/namespaces/${encodeURIComponent(this.#access.namespace)}/pods${path}`;
  }
}

function unreachable(error: unknown): Fault {
  const code = error instanceof Error && 'code' in error ? String(error.code) : error instanceof Error ? error.message : 'unknown error';
  return new Fault('upstream.unavailable', { reason: 'container_engine', detail: `the Kubernetes API does not answer (${code})`, cause: error });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
