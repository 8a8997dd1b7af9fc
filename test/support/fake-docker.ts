/** A Docker engine without containers: its HTTP API over a unix socket, with processes of this machine behind it. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { type FakeContainer, startFakeContainer } from './fake-container-process.ts';

export interface CreateBody {
  readonly Image: string;
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Env: readonly string[];
  readonly Labels: Readonly<Record<string, string>>;
  readonly HostConfig: Readonly<Record<string, unknown>>;
}

interface Made {
  readonly body: CreateBody;
  attached?: Duplex;
  process?: FakeContainer;
}

export interface FakeDocker {
  readonly socketPath: string;
  /** What was made and not removed. */
  readonly containers: ReadonlyMap<string, Made>;
  /** Every body of a creation. */
  readonly made: readonly CreateBody[];
  /** References that were fetched. */
  readonly pulled: readonly string[];
  stop(): Promise<void>;
}

/** Only images that end in `missing…` must be fetched first, and those with `forbidden` in their name cannot be. */
export async function startFakeDocker(): Promise<FakeDocker> {
  const folder = mkdtempSync(join(tmpdir(), 'fake-docker-'));
  const socketPath = join(folder, 'engine.sock');
  const containers = new Map<string, Made>();
  const made: CreateBody[] = [];
  const pulled: string[] = [];

  const create = (body: CreateBody): [number, object] => {
    if (body.Image.includes('missing') && !pulled.includes(body.Image)) return [404, { message: `No such image: ${body.Image}` }];
    const id = randomBytes(32).toString('hex');
    containers.set(id, { body });
    made.push(body);
    return [201, { Id: id, Warnings: [] }];
  };
  const start = (id: string, container: Made): [number, object | undefined] => {
    const { Entrypoint = [], Cmd = [], Env } = container.body;
    const process = startFakeContainer([...Entrypoint, ...Cmd], Object.fromEntries(Env.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)])));
    container.process = process;
    process.child.stdout.on('data', (chunk: Buffer) => container.attached?.write(frame(1, chunk)));
    process.child.stderr.on('data', (chunk: Buffer) => container.attached?.write(frame(2, chunk)));
    container.attached?.on('data', (chunk: Buffer) => process.child.stdin.write(chunk));
    // StdinOnce: input ends with the one who attached.
    for (const event of ['end', 'close']) container.attached?.once(event, () => process.child.stdin.end());
    void process.exited.then(() => {
      container.attached?.end();
      if (container.body.HostConfig['AutoRemove'] === true) containers.delete(id);
    });
    return [204, undefined];
  };
  const remove = async (id: string, container: Made, isForced: boolean): Promise<[number, object | undefined]> => {
    if (container.process?.child.exitCode === null && !isForced) return [409, { message: 'You cannot remove a running container' }];
    await container.process?.stop(0);
    containers.delete(id);
    return [204, undefined];
  };
  const onContainer = async (method: string, [id = '', action = '']: readonly string[], query: URLSearchParams): Promise<[number, object | undefined]> => {
    const container = containers.get(id);
    if (container === undefined) return [404, { message: `No such container: ${id}` }];
    if (method === 'DELETE') return remove(id, container, query.get('force') === 'true');
    if (action === 'start') return start(id, container);
    if (action === 'wait') return [200, { StatusCode: (await container.process?.exited) ?? 0 }];
    if (action !== 'stop') return [404, { message: 'page not found' }];
    await container.process?.stop(Number(query.get('t') ?? 10) * 1000);
    return [204, undefined];
  };
  const serve = async (http: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(http.url ?? '', 'http://engine');
    const [version, room, ...rest] = url.pathname.slice(1).split('/');
    if (version !== 'v1.43') return answer(response, [400, { message: 'unknown version' }]);
    const chunks: Buffer[] = [];
    for await (const chunk of http as AsyncIterable<Buffer>) chunks.push(chunk);
    if (room === 'images') {
      const image = url.searchParams.get('fromImage') ?? '';
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write(`${JSON.stringify({ status: 'Pulling from library' })}\n`);
      if (image.includes('forbidden')) return void response.end(`${JSON.stringify({ error: 'pull access denied', errorDetail: { message: 'pull access denied' } })}\n`);
      pulled.push(image);
      return void response.end(`${JSON.stringify({ status: 'Download complete' })}\n`);
    }
    if (rest[0] === 'create') return answer(response, create(JSON.parse(Buffer.concat(chunks).toString('utf8')) as CreateBody));
    if (rest[0] === 'json') {
      const { label = [] } = JSON.parse(url.searchParams.get('filters') ?? '{}') as { label?: string[] };
      return answer(response, [200, [...containers].filter(([, { body }]) => label.every((pair) => body.Labels[pair.split('=')[0] ?? ''] === pair.split('=')[1])).map(([Id]) => ({ Id }))]);
    }
    answer(response, await onContainer(http.method ?? '', rest, url.searchParams));
  };
  const server = createServer((http, response) => void serve(http, response));
  server.on('upgrade', (http, socket: Duplex) => {
    const id = /\/containers\/([^/]+)\/attach\?stream=1&stdin=1&stdout=1&stderr=1$/.exec(http.url ?? '')?.[1];
    const container = containers.get(id ?? '');
    if (container === undefined) return void socket.end('HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n');
    socket.on('error', () => undefined);
    socket.write('HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n');
    container.attached = socket;
  });
  server.listen(socketPath);
  await once(server, 'listening');
  return {
    socketPath,
    containers,
    made,
    pulled,
    stop: async () => {
      for (const { process } of containers.values()) await process?.stop(0);
      server.close();
      server.closeAllConnections();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** In two parts, as a network may deliver it. */
function frame(stream: number, bytes: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head[0] = stream;
  head.writeUInt32BE(bytes.length, 4);
  return Buffer.concat([head, bytes]);
}

function answer(response: ServerResponse, [status, body]: readonly [number, object | undefined]): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(body === undefined ? undefined : JSON.stringify(body));
}
