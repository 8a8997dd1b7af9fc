/** Where servers run that are processes: in this gateway, in one of all gateways, or in a container (model/container.ts). */
import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { Fault, toFault } from '../base/fault.ts';
import type { RandomBytes } from '../base/ids.ts';
import type { ServerSpec } from '../model/server.ts';
import type { Settings } from '../model/settings.ts';
import type { Environment } from '../snapshot/values.ts';
import type { OpenLink } from '../upstream/link.ts';
import { openContainerLink } from '../upstream/stdio/containers/container-link.ts';
import type { ContainerRuntime } from '../upstream/stdio/containers/container-runtime.ts';
import { createDockerRuntime } from '../upstream/stdio/containers/docker-runtime.ts';
import { createKubernetesRuntime } from '../upstream/stdio/containers/kubernetes-runtime.ts';
import { OnePlace, type OnePlaceDeps } from './one-place.ts';

/** Where Kubernetes puts what a pod may do (kubernetes.io/docs/tasks/run-application/access-api-from-pod). */
const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

export interface ServerPlacementDeps extends OnePlaceDeps {
  readonly settings: Pick<Settings, 'containerEngine' | 'containerNetwork' | 'data'>;
  readonly random: RandomBytes;
  readonly environment: () => Environment;
}

export interface ServerPlacement {
  /** `process` opens a process of this gateway. `principalId`: for whom alone; undefined: for all. */
  open(spec: ServerSpec, values: (text: string) => string, process: OpenLink, principalId?: string): OpenLink;
  /** Other gateways get the answers they wait for, for a moment, and then look for the process elsewhere. */
  close(): Promise<void>;
}

/** Throws `config.invalid` where Kubernetes is wanted and this is no pod. */
export function createServerPlacement(deps: ServerPlacementDeps): ServerPlacement {
  const { clock, log, environment } = deps;
  const one = new OnePlace(deps);
  const runtime = createRuntime(deps);
  runtime?.removeOrphans().then(
    (count) => count > 0 && log.warn('containers of an earlier run removed', { count }),
    (thrown: unknown) => log.error('container engine', { detail: toFault(thrown).detail ?? String(thrown) }),
  );
  const onStderr = (server: string) => (line: string): void => log.debug('stderr', { server, line });
  return {
    open: (spec, values, process, principalId) => {
      if (spec.placement === 'one') return one.open(spec, process, principalId);
      if (spec.placement !== 'container') return process;
      return async (events) => {
        if (runtime === undefined) throw new Fault('upstream.unavailable', { server: spec.name, reason: 'no_container_engine', detail: 'this gateway runs no containers: its operator has named no engine (METAMCP_CONTAINER_ENGINE)' });
        return await openContainerLink(spec, values, { clock, runtime, environment: environment(), onStderr: onStderr(spec.name) }, events);
      };
    },
    close: () => one.close(),
  };
}

function createRuntime({ settings, clock, random, environment }: ServerPlacementDeps): ContainerRuntime | undefined {
  const { containerEngine, containerNetwork, data } = settings;
  if (containerEngine === undefined) return undefined;
  const gateway = hash('sha256', `${hostname()}\0${resolve(data)}`, 'hex').slice(0, 32);
  const newSuffix = (): string => Buffer.from(random(6)).toString('hex');
  if (containerEngine !== 'kubernetes') return createDockerRuntime({ clock, socketPath: containerEngine.slice('unix://'.length), gateway, network: containerNetwork, newSuffix });
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port, POD_NAME: name, POD_UID: uid } = environment();
  if (host === undefined || port === undefined) throw new Fault('config.invalid', { message: 'METAMCP_CONTAINER_ENGINE is kubernetes, but this is no pod: KUBERNETES_SERVICE_HOST is not set.' });
  const read = (file: string): string => readFileSync(`${SERVICE_ACCOUNT}/${file}`, 'utf8').trim();
  const access = { url: `https://${host.includes(':') ? `[${host}]` : host}:${port}`, namespace: read('namespace'), token: () => read('token'), ca: read('ca.crt') };
  return createKubernetesRuntime({ clock, access, gateway, owner: name === undefined || uid === undefined ? undefined : { name, uid }, newSuffix });
}
