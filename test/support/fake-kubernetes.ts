/** A Kubernetes API without a cluster: pods of one namespace, with processes of this machine behind them, attached to over WebSockets (RFC 6455). */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { type FakeContainer, startFakeContainer } from './fake-container-process.ts';

export interface PodBody {
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>>; readonly ownerReferences?: readonly object[] };
  readonly spec: { readonly containers: readonly [{ readonly image: string; readonly command?: readonly string[]; readonly args?: readonly string[]; readonly env: readonly { readonly name: string; readonly value: string }[] } & Readonly<Record<string, unknown>>] } & Readonly<Record<string, unknown>>;
}

interface Made {
  readonly body: PodBody;
  readonly process: FakeContainer | undefined;
  /** How often its state was asked for: it is pending the first time. */
  looks: number;
  hasExited: boolean;
}

export interface FakeKubernetes {
  readonly url: string;
  readonly token: string;
  readonly pods: ReadonlyMap<string, Made>;
  readonly made: readonly PodBody[];
  stop(): Promise<void>;
}

const NAMESPACE = 'tools';
const CLOSE_CHANNEL = 255;

/** `protocol`: the newest that it speaks. Images with `missing` in their name never come. */
export async function startFakeKubernetes(protocol: 'v5.channel.k8s.io' | 'v4.channel.k8s.io'): Promise<FakeKubernetes> {
  const token = 'service-account-token';
  const pods = new Map<string, Made>();
  const made: PodBody[] = [];

  const create = (body: PodBody): [number, object] => {
    const [{ image, command = [], args = [], env }] = body.spec.containers;
    const process = image.includes('missing') ? undefined : startFakeContainer([...command, ...args], Object.fromEntries(env.map(({ name, value }) => [name, value])));
    const pod: Made = { body, process, looks: 0, hasExited: false };
    void process?.exited.then(() => {
      pod.hasExited = true;
    });
    pods.set(body.metadata.name, pod);
    made.push(body);
    return [201, body];
  };
  const show = (pod: Made): object => {
    const waiting = { reason: 'ImagePullBackOff', message: 'Back-off pulling image' };
    const phase = pod.process === undefined || pod.looks++ === 0 ? 'Pending' : pod.hasExited ? 'Failed' : 'Running';
    return { metadata: { name: pod.body.metadata.name }, status: { phase, containerStatuses: [{ state: pod.process === undefined ? { waiting } : {} }] } };
  };
  const serve = async (http: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of http as AsyncIterable<Buffer>) chunks.push(chunk);
    const url = new URL(http.url ?? '', 'http://api');
    const reply = ([status, body]: readonly [number, object]): void => void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    if (http.headers.authorization !== `Bearer ${token}`) return reply([401, { kind: 'Status', message: 'Unauthorized' }]);
    const name = new RegExp(`^/api/v1/namespaces/${NAMESPACE}/pods(?:/([^/]+))?$`).exec(url.pathname);
    if (name === null) return reply([404, { kind: 'Status', message: 'the server could not find the requested resource' }]);
    if (http.method === 'POST') return reply(create(JSON.parse(Buffer.concat(chunks).toString('utf8')) as PodBody));
    if (name[1] === undefined) {
      const [label, value] = (url.searchParams.get('labelSelector') ?? '').split('=');
      return reply([200, { kind: 'PodList', items: [...pods.values()].filter(({ body }) => body.metadata.labels[label ?? ''] === value).map(show) }]);
    }
    const pod = pods.get(name[1]);
    if (pod === undefined) return reply([404, { kind: 'Status', message: `pods "${name[1]}" not found` }]);
    if (http.method === 'GET') return reply([200, show(pod)]);
    pods.delete(name[1]);
    await pod.process?.stop(Number(url.searchParams.get('gracePeriodSeconds') ?? 30) * 1000);
    reply([200, pod.body]);
  };
  const server = createServer((http, response) => void serve(http, response));
  server.on('upgrade', (http, socket: Duplex) => {
    const pod = pods.get(/\/pods\/([^/]+)\/attach\?/.exec(http.url ?? '')?.[1] ?? '');
    const offered = (http.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
    if (pod?.process === undefined || !offered.includes(protocol) || http.headers.authorization !== `Bearer ${token}`) return void socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n');
    const accept = createHash('sha1').update(`${http.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\nSec-WebSocket-Protocol: ${protocol}\r\n\r\n`);
    attach(socket, pod.process);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    token,
    pods,
    made,
    stop: async () => {
      for (const { process } of pods.values()) await process?.stop(0);
      server.close();
      server.closeAllConnections();
    },
  };
}

export const FAKE_NAMESPACE = NAMESPACE;

function attach(socket: Duplex, { child, exited }: FakeContainer): void {
  const send = (channel: number, bytes: Buffer): void => void (socket.writable && socket.write(message(2, Buffer.concat([Buffer.of(channel), bytes]))));
  child.stdout.on('data', (chunk: Buffer) => send(1, chunk));
  child.stderr.on('data', (chunk: Buffer) => send(2, chunk));
  void exited.then((code) => {
    const failed = { status: 'Failure', message: `command terminated with exit code ${code}`, reason: 'NonZeroExitCode', details: { causes: [{ reason: 'ExitCode', message: String(code) }] } };
    send(3, Buffer.from(JSON.stringify(code === 0 ? { metadata: {}, status: 'Success' } : { metadata: {}, ...failed })));
    socket.end(message(8, Buffer.from([0x03, 0xe8])));
  });
  readMessages(socket, (bytes) => {
    if (bytes[0] === 0) child.stdin.write(bytes.subarray(1));
    else if (bytes[0] === CLOSE_CHANNEL && bytes[1] === 0) child.stdin.end();
  });
  socket.on('error', () => undefined);
  // stdinOnce: input ends with the one who attached.
  socket.once('close', () => child.stdin.end());
}

/** RFC 6455 section 5.2; a server does not mask. */
function message(opcode: number, body: Buffer): Buffer {
  if (body.length < 126) return Buffer.concat([Buffer.of(0x80 | opcode, body.length), body]);
  const head = body.length < 65_536 ? Buffer.alloc(4) : Buffer.alloc(10);
  head[0] = 0x80 | opcode;
  if (head.length === 4) {
    head[1] = 126;
    head.writeUInt16BE(body.length, 2);
  } else {
    head[1] = 127;
    head.writeBigUInt64BE(BigInt(body.length), 2);
  }
  return Buffer.concat([head, body]);
}

/** Whole binary messages of a client, which masks. */
function readMessages(socket: Duplex, take: (bytes: Buffer) => void): void {
  let waiting: Buffer = Buffer.alloc(0);
  let parts: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => {
    waiting = Buffer.concat([waiting, chunk]);
    for (let read = readFrame(waiting); read !== undefined; read = readFrame(waiting)) {
      waiting = waiting.subarray(read.length);
      if (read.opcode === 8) return void socket.end();
      if (read.opcode > 2) continue;
      parts.push(read.body);
      if (read.isLast) take(Buffer.concat(parts));
      if (read.isLast) parts = [];
    }
  });
}

function readFrame(bytes: Buffer): { readonly length: number; readonly opcode: number; readonly isLast: boolean; readonly body: Buffer } | undefined {
  if (bytes.length < 2) return undefined;
  const short = (bytes[1] ?? 0) & 0x7f;
  const headBytes = 2 + (short === 126 ? 2 : short === 127 ? 8 : 0);
  if (bytes.length < headBytes + 4) return undefined;
  const size = short === 126 ? bytes.readUInt16BE(2) : short === 127 ? Number(bytes.readBigUInt64BE(2)) : short;
  const start = headBytes + 4;
  if (bytes.length < start + size) return undefined;
  const mask = bytes.subarray(headBytes, start);
  const body = Buffer.from(bytes.subarray(start, start + size)).map((byte, index) => byte ^ (mask[index % 4] ?? 0));
  return { length: start + size, opcode: (bytes[0] ?? 0) & 0x0f, isLast: ((bytes[0] ?? 0) & 0x80) !== 0, body: Buffer.from(body) };
}
