/**
 * One suite over every way to run a container: engines that this test plays itself, with processes behind their real wire
 * formats, and real ones where they are. For those METAMCP_TEST_IMAGE names an image with its digest that has `node`.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Recorder } from '../../../../test/fixtures/hostile-stdio/recorder.ts';
import { hostileSpec } from '../../../../test/fixtures/hostile-stdio/spec.ts';
import { startFakeDocker } from '../../../../test/support/fake-docker.ts';
import { FAKE_NAMESPACE, startFakeKubernetes } from '../../../../test/support/fake-kubernetes.ts';
import { sleep, systemClock } from '../../../base/clock.ts';
import { ContainerSchema } from '../../../model/container.ts';
import type { ServerSpec } from '../../../model/server.ts';
import type { Link } from '../../link.ts';
import { createUpstreams } from '../../pool.ts';
import type { Outcome } from '../../upstream.ts';
import type { Lease } from '../../upstreams.ts';
import { openContainerLink } from './container-link.ts';
import { type ContainerRuntime, GATEWAY_LABEL, NETWORK_LABEL } from './container-runtime.ts';
import { createDockerRuntime } from './docker-runtime.ts';
import { createKubernetesRuntime } from './kubernetes-runtime.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;
/** A whole MCP server of 2025-11-25 in a line: what a call says of itself, and what it is told to do. */
const SERVER = `
const say = (value) => process.stdout.write(JSON.stringify({ jsonrpc: '2.0', ...value }) + '\\n');
console.error('the secret is ' + process.env.SECRET);
require('readline').createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method, params } = JSON.parse(line);
  if (id === undefined) return;
  const { name, arguments: given = {} } = params ?? {};
  if (method === 'initialize') return say({ id, result: { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo: { name: 'contained', version: '1' } } });
  if (method === 'tools/list') return say({ id, result: { tools: [{ name: 'echo', inputSchema: { type: 'object' } }] } });
  if (method !== 'tools/call') return say({ id, error: { code: -32601, message: 'Method not found' } });
  if (name === 'exit') process.exit(given.code);
  if (name === 'stay') setInterval(() => {}, 1000);
  say({ id, result: { content: [{ type: 'text', text: JSON.stringify({ args: process.argv.slice(1), secret: process.env.SECRET, home: process.env.HOME, fill: 'é'.repeat(given.chars ?? 0) }) }] } });
});`;

interface Engine {
  readonly runtime: ContainerRuntime;
  readonly image: string;
  /** How many containers there are. */
  count(): Promise<number>;
  stop(): Promise<void>;
}

let suffix = 0;
const newSuffix = (): string => (++suffix).toString(16).padStart(8, '0');

async function fakeDocker(): Promise<Engine> {
  const { socketPath, containers, stop } = await startFakeDocker();
  return { runtime: createDockerRuntime({ clock: systemClock, socketPath, gateway: 'mine', network: 'bridge', newSuffix }), image: `local/server@${DIGEST}`, count: () => Promise.resolve(containers.size), stop };
}

async function fakeKubernetes(protocol: Parameters<typeof startFakeKubernetes>[0]): Promise<Engine> {
  const { url, token, pods, stop } = await startFakeKubernetes(protocol);
  const access = { url, namespace: FAKE_NAMESPACE, token: () => token, ca: undefined };
  return { runtime: createKubernetesRuntime({ clock: systemClock, access, gateway: 'mine', owner: undefined, newSuffix }), image: `local/server@${DIGEST}`, count: () => Promise.resolve(pods.size), stop };
}

const REAL_SOCKET = '/var/run/docker.sock';
const REAL_IMAGE = process.env['METAMCP_TEST_IMAGE'];

async function realDocker(): Promise<Engine | string> {
  const hasEngine = existsSync(REAL_SOCKET) && spawnSync('docker', ['info'], { timeout: 10_000 }).status === 0;
  if (!hasEngine || REAL_IMAGE === undefined) return hasEngine ? 'METAMCP_TEST_IMAGE names no image' : 'no Docker engine here';
  const gateway = `test-${process.pid}`;
  return {
    runtime: createDockerRuntime({ clock: systemClock, socketPath: REAL_SOCKET, gateway, network: 'bridge', newSuffix: () => `${process.pid}${newSuffix()}` }),
    image: REAL_IMAGE,
    count: () => Promise.resolve(spawnSync('docker', ['ps', '-aq', '--filter', `label=${GATEWAY_LABEL}=${gateway}`], { encoding: 'utf8' }).stdout.split('\n').filter(Boolean).length),
    stop: () => Promise.resolve(),
  };
}

async function realKubernetes(): Promise<Engine | string> {
  const url = process.env['METAMCP_TEST_KUBERNETES_URL'];
  const token = process.env['METAMCP_TEST_KUBERNETES_TOKEN'];
  if (url === undefined || token === undefined || REAL_IMAGE === undefined) return 'METAMCP_TEST_KUBERNETES_URL, …_TOKEN and METAMCP_TEST_IMAGE name no cluster';
  const caFile = process.env['METAMCP_TEST_KUBERNETES_CA'];
  const access = { url, namespace: process.env['METAMCP_TEST_KUBERNETES_NAMESPACE'] ?? 'default', token: () => token, ca: caFile === undefined ? undefined : readFileSync(caFile, 'utf8') };
  const gateway = `test-${process.pid}`;
  const runtime = createKubernetesRuntime({ clock: systemClock, access, gateway, owner: undefined, newSuffix: () => `${process.pid}${newSuffix()}` });
  const { KubernetesApi } = await import('./kubernetes-api.ts');
  const api = new KubernetesApi(access);
  const count = async (): Promise<number> => ((await api.pods('GET', `?labelSelector=${encodeURIComponent(`${GATEWAY_LABEL}=${gateway}`)}`)).value as { items: object[] }).items.length;
  return { runtime, image: REAL_IMAGE, count, stop: () => Promise.resolve() };
}

const ENGINES: readonly (readonly [string, () => Promise<Engine | string>])[] = [
  ['a Docker engine that is played', fakeDocker],
  ['a Kubernetes API that is played, v5', () => fakeKubernetes('v5.channel.k8s.io')],
  ['a Kubernetes API that is played, v4', () => fakeKubernetes('v4.channel.k8s.io')],
  ['the Docker engine of this machine', realDocker],
  ['a Kubernetes cluster', realKubernetes],
];

describe.each(ENGINES)('%s', (name, open) => {
  let engine: Engine | undefined;
  const links: Link[] = [];

  beforeAll(async () => {
    const opened = await open();
    if (typeof opened === 'string') process.stderr.write(`skipped: ${name}: ${opened}\n`);
    else engine = opened;
  });
  afterEach(async () => {
    await Promise.all(links.splice(0).map((link) => link.close()));
  });
  afterAll(() => engine?.stop());

  const specOf = (image: string, changes: Partial<ServerSpec> = {}): ServerSpec =>
    hostileSpec([], { command: 'node', args: ['-e', SERVER, 'one', 'two words'], env: { SECRET: '${TOKEN}' }, placement: 'container', container: ContainerSchema.parse({ image }), revision: 'legacy', ...changes });
  const values = (text: string): string => text.replaceAll('${TOKEN}', 'a-secret-of-its-own');
  const start = async ({ runtime, image }: Engine, changes: Partial<ServerSpec> = {}): Promise<{ link: Link; recorder: Recorder }> => {
    const recorder = new Recorder();
    const link = await openContainerLink(specOf(image, changes), values, { clock: systemClock, runtime, environment: { HOME: '/root' } }, recorder);
    links.push(link);
    return { link, recorder };
  };
  const call = (link: Link, id: number, tool: string, args: object = {}): void => link.send({ id, method: 'tools/call', text: JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params: { name: tool, arguments: args } }) });
  const untilNone = async (of: Engine): Promise<void> => {
    await expect.poll(() => of.count(), { timeout: 15_000, interval: 50 }).toBe(0);
  };

  test('arguments and environment arrive, long answers come whole, and secrets do not show on stderr', async ({ skip }) => {
    if (engine === undefined) return skip();
    const { link, recorder } = await start(engine);
    call(link, 1, 'echo', { chars: 400_000 });
    call(link, 2, 'echo');
    await recorder.until(() => recorder.messages.length === 2);
    const said = recorder.messages.toSorted((a, b) => Number(a.id) - Number(b.id)).map(({ body }) => JSON.parse((body?.value['content'] as { text: string }[] | undefined)?.[0]?.text ?? '{}') as Record<string, unknown>);
    expect(said[0]).toMatchObject({ args: ['one', 'two words'], secret: 'a-secret-of-its-own', fill: 'é'.repeat(400_000) });
    expect(said[1]?.['fill']).toBe('');
    expect(said[1]?.['home']).not.toBe('/root');
    await expect.poll(() => link.stderrTail(), { timeout: 5_000 }).toBe('the secret is [redacted]\n');
    expect(recorder.drops).toEqual([]);
  });

  test('[RP-05] through the pool it is a server like any other', async ({ skip }) => {
    if (engine === undefined) return skip();
    const { runtime, image } = engine;
    const spec = specOf(image, { name: 'contained', isolation: 'shared', revision: 'auto' });
    const ignored = { listChanged: () => undefined, stateChanged: () => undefined, resourceUpdated: () => undefined, notified: () => undefined, asked: () => false };
    const upstreams = createUpstreams({ clock: systemClock, random: () => 0.5, gatewayInfo: { name: 'test', version: '1' }, openLink: (wanted) => (events) => openContainerLink(wanted, values, { clock: systemClock, runtime, environment: {} }, events), events: ignored, onDropped: () => undefined });
    upstreams.apply(new Map([[spec.name, spec]]));
    await upstreams.settled(30_000);
    expect(upstreams.state(spec.name)).toMatchObject({ status: 'ready', counts: { tools: 1 }, profile: { serverInfo: { name: 'contained' } } });
    const lease: Lease = { principalId: 'p', sessionId: undefined, wantsInteraction: false, family: 'modern' };
    const upstream = await upstreams.acquire(spec.name, lease);
    const outcome = await new Promise<Outcome>((resolve) => upstream.send({ method: 'tools/call', params: { name: 'echo', arguments: {} }, progressToken: undefined, clientCapabilities: {}, clientInfo: undefined, logLevel: undefined, headers: {}, timeoutMs: 10_000 }, { end: resolve, notify: () => undefined, ask: () => undefined }));
    expect(outcome.kind).toBe('result');
    await upstreams.close();
    await untilNone(engine);
  });

  test('one that exits says with which code, and leaves nothing', async ({ skip }) => {
    if (engine === undefined) return skip();
    const { link, recorder } = await start(engine);
    call(link, 1, 'exit', { code: 7 });
    const fault = await recorder.untilClosed();
    expect(fault.code).toBe('upstream.closed');
    // A container that the engine removed at once may be gone before it can be asked.
    expect(fault.detail).toMatch(/(?:container|pod) .*: it (?:exited with code 7|closed its stdout)/);
    await link.close();
    await untilNone(engine);
  });

  test('one that does not end with its input is ended', async ({ skip }) => {
    if (engine === undefined) return skip();
    const { link, recorder } = await start(engine);
    call(link, 1, 'stay');
    await recorder.until(() => recorder.messages.length === 1);
    await link.close();
    await untilNone(engine);
  });

  test('what a gateway left when it died is removed, and nothing of another', async ({ skip }) => {
    if (engine === undefined) return skip();
    const { link, recorder } = await start(engine);
    call(link, 1, 'stay');
    await recorder.until(() => recorder.messages.length === 1);
    expect(await engine.count()).toBe(1);
    expect(await engine.runtime.removeOrphans()).toBe(1);
    await untilNone(engine);
    expect(await engine.runtime.removeOrphans()).toBe(0);
  });
});

describe('what an engine is asked for', () => {
  test('Docker: the digest, the limits, no privileges, no network unless it is open', async () => {
    const docker = await startFakeDocker();
    const runtime = createDockerRuntime({ clock: systemClock, socketPath: docker.socketPath, gateway: 'mine', network: 'tools-only', newSuffix });
    const launch = { server: 'Files & more', command: 'node', args: ['-e', ''], environment: { A: '1=2' }, cwd: '/srv', startTimeoutMs: 5_000 };
    const container = ContainerSchema.parse({ image: `missing/image@${DIGEST}`, memoryBytesMax: 64 << 20, cpus: 0.5, processesMax: 8 });
    await (await runtime.start({ ...launch, container })).end('at_once');
    await (await runtime.start({ ...launch, container: { ...container, network: 'open' } })).end('at_once');
    expect(docker.pulled).toEqual([`missing/image@${DIGEST}`]);
    expect(docker.made[0]).toMatchObject({
      Image: `missing/image@${DIGEST}`,
      Entrypoint: ['node'],
      Cmd: ['-e', ''],
      Env: ['A=1=2'],
      WorkingDir: '/srv',
      Labels: { [GATEWAY_LABEL]: 'mine', 'metamcp.server': 'Files & more', [NETWORK_LABEL]: 'none' },
      StdinOnce: true,
      Tty: false,
      HostConfig: { AutoRemove: true, Memory: 67_108_864, MemorySwap: 67_108_864, NanoCpus: 500_000_000, PidsLimit: 8, NetworkMode: 'none', ReadonlyRootfs: true, CapDrop: ['ALL'], SecurityOpt: ['no-new-privileges'] },
    });
    expect(docker.made[1]?.HostConfig['NetworkMode']).toBe('tools-only');
    await expect(runtime.start({ ...launch, container: { ...container, image: `forbidden/missing@${DIGEST}` } })).rejects.toMatchObject({ code: 'upstream.unavailable', detail: expect.stringContaining('pull access denied') });
    expect(docker.containers.size).toBe(0);
    await docker.stop();
    await expect(runtime.start({ ...launch, container })).rejects.toMatchObject({ code: 'upstream.unavailable', reason: 'container_engine', detail: expect.stringContaining('is it running') });
  });

  test('Kubernetes: a pod without a token or privileges that belongs to the gateway’s own, and one whose image does not come is given up', async () => {
    const cluster = await startFakeKubernetes('v5.channel.k8s.io');
    const access = { url: cluster.url, namespace: FAKE_NAMESPACE, token: () => cluster.token, ca: undefined };
    const runtime = createKubernetesRuntime({ clock: systemClock, access, gateway: 'mine', owner: { name: 'metamcp-0', uid: 'u-1' }, newSuffix });
    const launch = { server: 'files', command: 'node', args: ['-e', SERVER], environment: { A: '1' }, cwd: undefined, startTimeoutMs: 5_000 };
    const container = ContainerSchema.parse({ image: `local/image@${DIGEST}`, memoryBytesMax: 64 << 20, cpus: 0.5 });
    const server = await runtime.start({ ...launch, container });
    await server.end('at_once');
    const [pod] = cluster.made;
    expect(pod?.metadata).toMatchObject({ labels: { [GATEWAY_LABEL]: 'mine', [NETWORK_LABEL]: 'none' }, ownerReferences: [{ kind: 'Pod', name: 'metamcp-0', uid: 'u-1' }] });
    expect(pod?.spec).toMatchObject({ restartPolicy: 'Never', automountServiceAccountToken: false, securityContext: { runAsNonRoot: true } });
    expect(pod?.spec.containers[0]).toMatchObject({ image: `local/image@${DIGEST}`, stdin: true, stdinOnce: true, tty: false, resources: { limits: { memory: '67108864', cpu: '500m' } }, securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } } });
    await expect(runtime.start({ ...launch, container: { ...container, image: `missing/image@${DIGEST}` } })).rejects.toMatchObject({ code: 'upstream.unavailable', detail: expect.stringContaining('ImagePullBackOff') });
    const stranger = createKubernetesRuntime({ clock: systemClock, access: { ...access, token: () => 'wrong' }, gateway: 'mine', owner: undefined, newSuffix });
    await expect(stranger.start({ ...launch, container })).rejects.toMatchObject({ detail: expect.stringContaining('Unauthorized') });
    await sleep(systemClock, 0);
    expect(cluster.pods.size).toBe(0);
    await cluster.stop();
  });
});
