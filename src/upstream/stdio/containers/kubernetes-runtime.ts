/**
 * Servers in pods: one container from an image with its digest, without privileges, without a token, with a read-only
 * file system; attached once it runs, deleted at the end. A pod belongs to the pod of its gateway where that is known, so
 * that the cluster deletes it with that; else it is deleted by its label at the next start. What it may reach is for
 * network policies, which select by the label `metamcp.network`.
 */
import { z } from 'zod';
import { type Clock, sleep } from '../../../base/clock.ts';
import { Fault } from '../../../base/fault.ts';
import type { EndManner, RunningServer } from '../running-server.ts';
import { type ChannelStreams, channelStreams } from './channel-streams.ts';
import { type ContainerLaunch, type ContainerRuntime, GATEWAY_LABEL, NETWORK_LABEL, SERVER_LABEL } from './container-runtime.ts';
import { slugOf } from './docker-runtime.ts';
import { type KubernetesAccess, KubernetesApi, type PodAnswer } from './kubernetes-api.ts';

const CONTAINER = 'server';
const POLITE_MS = 1_000;
const POLL_MS = 200;
const GRACE_SECONDS = 2;
/** Ids of people and programs: as the image of the gateway has them. */
const USER = 10_001;

const PodSchema = z.object({
  metadata: z.object({ name: z.string().min(1) }),
  status: z
    .object({
      phase: z.string().optional(),
      message: z.string().optional(),
      containerStatuses: z.array(z.object({ state: z.object({ waiting: z.object({ reason: z.string().optional(), message: z.string().optional() }).optional() }).optional() })).optional(),
    })
    .optional(),
});
const ListSchema = z.object({ items: z.array(PodSchema) });
const ProblemSchema = z.object({ message: z.string() });
/** A pod that waits for one of these does not start by waiting longer. */
const HOPELESS = new Set(['ErrImagePull', 'ImagePullBackOff', 'InvalidImageName', 'CreateContainerConfigError', 'CreateContainerError', 'CrashLoopBackOff']);

export interface KubernetesRuntimeDeps {
  readonly clock: Clock;
  readonly access: KubernetesAccess;
  /** Whose pods these are. */
  readonly gateway: string;
  /** The pod of this gateway, as the downward API tells it; undefined: not told. */
  readonly owner: { readonly name: string; readonly uid: string } | undefined;
  readonly newSuffix: () => string;
}

export function createKubernetesRuntime(deps: KubernetesRuntimeDeps): ContainerRuntime {
  const api = new KubernetesApi(deps.access);
  return {
    start: async (launch) => {
      const name = `metamcp-${slugOf(launch.server)}-${deps.newSuffix()}`;
      refuseUnless(await api.pods('POST', '', toPod(name, launch, deps)), [200, 201, 202], launch);
      try {
        await untilRunning(api, { name, launch, clock: deps.clock });
        const streams = channelStreams(await api.attach(name, CONTAINER), deps.clock);
        return running({ name, streams, api, clock: deps.clock });
      } catch (thrown) {
        await remove(api, name, 0);
        throw thrown;
      }
    },
    removeOrphans: async () => {
      const listed = await api.pods('GET', `?labelSelector=${encodeURIComponent(`${GATEWAY_LABEL}=${deps.gateway}`)}`);
      const found = ListSchema.safeParse(listed.value);
      if (listed.status !== 200 || !found.success) throw unavailable(`pods cannot be listed: ${problemOf(listed)}`);
      await Promise.all(found.data.items.map(({ metadata }) => remove(api, metadata.name, 0)));
      return found.data.items.length;
    },
  };
}

function toPod(name: string, { server, container, command, args, environment, cwd }: ContainerLaunch, { gateway, owner }: KubernetesRuntimeDeps): object {
  const amounts = { memory: String(container.memoryBytesMax), cpu: `${Math.round(container.cpus * 1000)}m` };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      labels: { [GATEWAY_LABEL]: gateway, [SERVER_LABEL]: slugOf(server), [NETWORK_LABEL]: container.network },
      ...(owner === undefined ? {} : { ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', ...owner, blockOwnerDeletion: false }] }),
    },
    spec: {
      restartPolicy: 'Never',
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      terminationGracePeriodSeconds: GRACE_SECONDS,
      securityContext: { runAsNonRoot: true, runAsUser: USER, runAsGroup: USER, seccompProfile: { type: 'RuntimeDefault' } },
      volumes: [{ name: 'tmp', emptyDir: { sizeLimit: '64Mi' } }],
      containers: [
        {
          name: CONTAINER,
          image: container.image,
          ...(command === '' ? {} : { command: [command] }),
          ...(args.length === 0 ? {} : { args: [...args] }),
          ...(cwd === undefined ? {} : { workingDir: cwd }),
          env: Object.entries(environment).map(([variable, value]) => ({ name: variable, value })),
          stdin: true,
          stdinOnce: true,
          tty: false,
          resources: { limits: amounts, requests: amounts },
          securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
          volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }],
        },
      ],
    },
  };
}

interface Starting {
  readonly name: string;
  readonly launch: ContainerLaunch;
  readonly clock: Clock;
}

async function untilRunning(api: KubernetesApi, { name, launch, clock }: Starting): Promise<void> {
  const untilMs = clock.monotonicMs() + launch.startTimeoutMs;
  for (;;) {
    const answer = await api.pods('GET', `/${name}`);
    const pod = PodSchema.safeParse(answer.value);
    if (answer.status !== 200 || !pod.success) throw unavailable(`its pod is not there: ${problemOf(answer)}`, launch.server);
    if (pod.data.status?.phase === 'Running') return;
    const problem = whyNotStarting(pod.data.status, clock.monotonicMs() > untilMs);
    if (problem !== undefined) throw unavailable(problem, launch.server);
    await sleep(clock, POLL_MS);
  }
}

/** Undefined while it is worth to wait. */
function whyNotStarting({ phase, message, containerStatuses }: z.infer<typeof PodSchema>['status'] & object = {}, isLate: boolean): string | undefined {
  if (phase === 'Failed' || phase === 'Succeeded') return `its pod ended before it could be attached to: ${message ?? phase}`;
  const { reason, message: detail = '' } = containerStatuses?.[0]?.state?.waiting ?? {};
  if (reason !== undefined && HOPELESS.has(reason)) return `its pod does not start: ${reason} ${detail}`.trimEnd();
  return isLate ? `its pod did not start in time; it is ${phase ?? 'unknown'}${reason === undefined ? '' : ` (${reason})`}` : undefined;
}

interface Pod {
  readonly name: string;
  readonly streams: ChannelStreams;
  readonly api: KubernetesApi;
  readonly clock: Clock;
}

function running({ name, streams, api, clock }: Pod): RunningServer {
  let hasEnded = false;
  const ended = streams.ended.finally(() => {
    hasEnded = true;
  });
  streams.stdin.on('error', () => undefined);
  return {
    pid: undefined,
    label: `pod ${name}`,
    stdin: streams.stdin,
    stdout: streams.stdout,
    stderr: streams.stderr,
    onEnd: (listener) => void ended.then(listener),
    end: async (manner: EndManner) => {
      const untilMs = clock.monotonicMs() + POLITE_MS;
      while (manner === 'politely' && !hasEnded && clock.monotonicMs() < untilMs) await sleep(clock, POLL_MS / 4);
      await remove(api, name, manner === 'politely' ? GRACE_SECONDS : 0);
      streams.close();
    },
  };
}

/** One that is gone needs no more; what could not be deleted is found by its label. */
async function remove(api: KubernetesApi, name: string, graceSeconds: number): Promise<void> {
  await api.pods('DELETE', `/${name}?gracePeriodSeconds=${graceSeconds}`).catch(() => undefined);
}

function refuseUnless(answer: PodAnswer, statuses: readonly number[], { server }: ContainerLaunch): void {
  if (!statuses.includes(answer.status)) throw unavailable(`its pod cannot be made: ${problemOf(answer)}`, server);
}

function problemOf({ status, value }: PodAnswer): string {
  const told = ProblemSchema.safeParse(value);
  return told.success ? told.data.message : `status ${status}`;
}

function unavailable(detail: string, server?: string): Fault {
  return new Fault('upstream.unavailable', { reason: 'start_failed', detail, ...(server === undefined ? {} : { server }) });
}
