/** A link to a server in a container: what its configuration says, resolved, started by the runtime that the operator chose. */
import type { Clock } from '../../../base/clock.ts';
import { Fault } from '../../../base/fault.ts';
import type { ServerSpec } from '../../../model/server.ts';
import type { Link, LinkEvents } from '../../link.ts';
import { childEnvironment, type Environment } from '../child-environment.ts';
import { SecretValues } from '../secret-values.ts';
import { linkTo } from '../stdio-link.ts';
import type { ContainerRuntime } from './container-runtime.ts';

export interface ContainerLinkDeps {
  readonly clock: Clock;
  readonly runtime: ContainerRuntime;
  /** The gateway's own environment: of it the container gets what `inheritEnv` names, and no path or home of this machine. */
  readonly environment: Environment;
  readonly onStderr?: (line: string) => void;
}

/** Rejects with `config.value_missing`, or with `upstream.unavailable` where the container does not start. */
export async function openContainerLink(spec: ServerSpec, values: (text: string) => string, deps: ContainerLinkDeps, events: LinkEvents): Promise<Link> {
  const { container } = spec;
  if (container === undefined) throw new Fault('gateway.bug', { server: spec.name, detail: 'no container' });
  const secrets = new SecretValues(values, () => false);
  const inherited = Object.fromEntries(spec.inheritEnv.map((name) => [name, deps.environment[name]]));
  const environment = childEnvironment(spec, { environment: inherited, values: (text) => secrets.resolve(text), platform: 'linux' });
  const server = await deps.runtime.start({
    server: spec.name,
    container,
    command: secrets.resolve(spec.command),
    args: spec.args.map((arg) => secrets.resolve(arg)),
    environment,
    cwd: spec.cwd,
    startTimeoutMs: spec.startTimeoutMs,
  });
  return linkTo(server, spec, { clock: deps.clock, redact: (text) => secrets.redact(text), ...(deps.onStderr === undefined ? {} : { onStderr: deps.onStderr }) }, events);
}
