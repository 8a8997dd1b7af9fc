/**
 * Servers in containers of a Docker engine: created from an image with its digest, without privileges and with a
 * read-only file system, attached, started, and removed. Input ends with the connection (`StdinOnce`), so that the
 * container of a gateway that died ends by itself; what does not is removed by its label at the next start.
 */
import { createHash } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { z } from 'zod';
import { type Clock, sleep } from '../../../base/clock.ts';
import { Fault } from '../../../base/fault.ts';
import type { EndManner, RunningServer } from '../running-server.ts';
import { type ContainerLaunch, type ContainerRuntime, GATEWAY_LABEL, NETWORK_LABEL, SERVER_LABEL } from './container-runtime.ts';
import { DockerEngine, type EngineAnswer } from './docker-engine.ts';
import { splitFrames } from './docker-frames.ts';

/** For a server to end by itself once its input has ended. */
const POLITE_MS = 1_000;
const POLL_MS = 50;
/** From SIGTERM to SIGKILL, by the engine. */
const STOP_SECONDS = 2;
const ID_CHARS = 12;

const CreatedSchema = z.object({ Id: z.string().min(1) });
const ListSchema = z.array(z.object({ Id: z.string().min(1) }));
const ExitSchema = z.object({ StatusCode: z.int() });
const ProblemSchema = z.object({ message: z.string() });
const PullSchema = z.object({ error: z.string() });

export interface DockerRuntimeDeps {
  readonly clock: Clock;
  /** Of the engine, absolute. */
  readonly socketPath: string;
  /** Whose containers these are. */
  readonly gateway: string;
  /** Network of containers with `network: open`; made by the operator, or `bridge`. */
  readonly network: string;
  /** Unique enough for names, hex. */
  readonly newSuffix: () => string;
}

export function createDockerRuntime(deps: DockerRuntimeDeps): ContainerRuntime {
  const engine = new DockerEngine(deps.socketPath);
  return {
    start: async (launch) => {
      const id = await create(engine, launch, deps);
      try {
        const socket = await engine.hijack(`/containers/${id}/attach?stream=1&stdin=1&stdout=1&stderr=1`);
        const streams = splitFrames(socket);
        refuseUnless(await engine.ask({ method: 'POST', path: `/containers/${id}/start` }), [204, 304], `its container does not start`, launch);
        return running({ id, socket, streams, engine, clock: deps.clock });
      } catch (thrown) {
        await remove(engine, id);
        throw thrown;
      }
    },
    removeOrphans: async () => {
      const filters = encodeURIComponent(JSON.stringify({ label: [`${GATEWAY_LABEL}=${deps.gateway}`] }));
      const listed = await engine.ask({ method: 'GET', path: `/containers/json?all=true&filters=${filters}` });
      const found = ListSchema.safeParse(listed.value);
      if (listed.status !== 200 || !found.success) throw unavailable(`the container engine does not list containers: ${problemOf(listed)}`);
      await Promise.all(found.data.map(({ Id }) => remove(engine, Id)));
      return found.data.length;
    },
  };
}

/** An image that is not there is fetched once: by its digest it can be no other than the one that is meant. */
async function create(engine: DockerEngine, launch: ContainerLaunch, deps: DockerRuntimeDeps): Promise<string> {
  const path = `/containers/create?name=metamcp-${slugOf(launch.server)}-${deps.newSuffix()}`;
  let answer = await engine.ask({ method: 'POST', path, body: toBody(launch, deps) });
  if (answer.status === 404) {
    const { image } = launch.container;
    const pulled = await engine.ask({ method: 'POST', path: `/images/create?fromImage=${encodeURIComponent(image)}`, timeoutMs: launch.startTimeoutMs });
    refuseUnless(pulled, [200], `its image ${image} cannot be fetched`, launch);
    const problem = pulled.text.split('\n').map((line) => PullSchema.safeParse(safeJson(line))).find(({ success }) => success)?.data?.error;
    if (problem !== undefined) throw unavailable(`its image ${image} cannot be fetched: ${problem}`, launch.server);
    answer = await engine.ask({ method: 'POST', path, body: toBody(launch, deps) });
  }
  refuseUnless(answer, [201], 'its container cannot be made', launch);
  return CreatedSchema.parse(answer.value).Id;
}

function toBody({ server, container, command, args, environment, cwd }: ContainerLaunch, { gateway, network }: DockerRuntimeDeps): object {
  return {
    Image: container.image,
    ...(command === '' ? {} : { Entrypoint: [command] }),
    ...(args.length === 0 && command === '' ? {} : { Cmd: [...args] }),
    ...(cwd === undefined ? {} : { WorkingDir: cwd }),
    Env: Object.entries(environment).map(([name, value]) => `${name}=${value}`),
    Labels: { [GATEWAY_LABEL]: gateway, [SERVER_LABEL]: server, [NETWORK_LABEL]: container.network },
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    OpenStdin: true,
    StdinOnce: true,
    Tty: false,
    HostConfig: {
      AutoRemove: true,
      Init: true,
      Memory: container.memoryBytesMax,
      MemorySwap: container.memoryBytesMax,
      NanoCpus: Math.round(container.cpus * 1e9),
      PidsLimit: container.processesMax,
      NetworkMode: container.network === 'none' ? 'none' : network,
      ReadonlyRootfs: true,
      Tmpfs: { '/tmp': 'rw,nosuid,nodev,size=64m' },
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges'],
      LogConfig: { Type: 'none' },
    },
  };
}

interface Container {
  readonly id: string;
  readonly socket: Duplex;
  readonly streams: ReturnType<typeof splitFrames>;
  readonly engine: DockerEngine;
  readonly clock: Clock;
}

function running({ id, socket, streams, engine, clock }: Container): RunningServer {
  let hasExited = false;
  const exit = engine.ask({ method: 'POST', path: `/containers/${id}/wait?condition=not-running`, timeoutMs: 0 }).then(
    ({ value }) => {
      const exited = ExitSchema.safeParse(value);
      return exited.success ? `it exited with code ${exited.data.StatusCode}` : 'its container is gone';
    },
    () => 'the container engine went away',
  ).finally(() => {
    hasExited = true;
  });
  socket.on('error', () => undefined);
  return {
    pid: undefined,
    label: `container ${id.slice(0, ID_CHARS)}`,
    stdin: socket,
    ...streams,
    onEnd: (listener) => void exit.then(listener),
    end: async (manner: EndManner) => {
      if (manner === 'politely') {
        const untilMs = clock.monotonicMs() + POLITE_MS;
        while (!hasExited && clock.monotonicMs() < untilMs) await sleep(clock, POLL_MS);
        if (!hasExited) await engine.ask({ method: 'POST', path: `/containers/${id}/stop?t=${STOP_SECONDS}` }).catch(() => undefined);
      }
      await remove(engine, id);
      socket.destroy();
    },
  };
}

/** One that is gone, or that the engine is about to remove, needs no more. */
async function remove(engine: DockerEngine, id: string): Promise<void> {
  await engine.ask({ method: 'DELETE', path: `/containers/${id}?force=true&v=true` }).catch(() => undefined);
}

function refuseUnless(answer: EngineAnswer, statuses: readonly number[], what: string, { server }: ContainerLaunch): void {
  if (!statuses.includes(answer.status)) throw unavailable(`${what}: ${problemOf(answer)}`, server);
}

function problemOf({ status, value }: EngineAnswer): string {
  const told = ProblemSchema.safeParse(value);
  return told.success ? told.data.message : `status ${status}`;
}

function unavailable(detail: string, server?: string): Fault {
  return new Fault('upstream.unavailable', { reason: 'start_failed', detail, ...(server === undefined ? {} : { server }) });
}

function safeJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Names of servers may hold what names of containers must not. */
export function slugOf(server: string): string {
  const slug = server.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-').replaceAll(/^-|-$/g, '').slice(0, 24);
  return `${slug === '' ? 'server' : slug}-${createHash('sha256').update(server).digest('hex').slice(0, 6)}`;
}
