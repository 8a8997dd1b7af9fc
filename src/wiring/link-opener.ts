/** Opens links to servers: each type has its runtime, and what proves us there goes around it. */
import type { Clock } from '../base/clock.ts';
import type { ServerSpec } from '../model/server.ts';
import type { Log } from '../observability/log.ts';
import type { Environment } from '../snapshot/values.ts';
import type { Dialer } from '../upstream/dialer/dialer.ts';
import { openHttpLink } from '../upstream/http/http-link.ts';
import type { Link, LinkEvents, OpenLink } from '../upstream/link.ts';
import { openSseLink } from '../upstream/sse/sse-link.ts';
import type { OrphanWatcher } from '../upstream/stdio/orphan-watcher.ts';
import { openStdioLink } from '../upstream/stdio/stdio-link.ts';
import type { ServerPlacement } from './server-placement.ts';
import type { UpstreamSignIns } from './upstream-sign-ins.ts';

export interface LinkOpenerDeps {
  readonly clock: Clock;
  /** Uniform in [0, 1), for jitter. */
  readonly random: () => number;
  readonly environment: () => Environment;
  readonly dialer: Dialer;
  readonly watcher: OrphanWatcher;
  readonly log: Log;
  /** Where packages that are pinned by their hash are kept. */
  readonly packagesFolder: string;
  /** Resolves `${…}`; asked at the moment a link is opened. */
  readonly values: (spec: ServerSpec) => Promise<(text: string) => string>;
  readonly signIns: UpstreamSignIns;
  /** Where servers run that are processes. */
  readonly placement: ServerPlacement;
  /** Servers of our own; undefined for other types. */
  readonly builtin: (spec: ServerSpec, values: (text: string) => string, principalId: string | undefined) => OpenLink | undefined;
}

/** `principalId`: for whom alone the link is; undefined where it is shared. */
export function createLinkOpener({ clock, random, environment, dialer, watcher, log, packagesFolder, values: valuesOf, signIns, placement, builtin }: LinkOpenerDeps): (spec: ServerSpec, principalId?: string) => OpenLink {
  return (spec, principalId) => async (events) => {
    const values = await valuesOf(spec);
    const own = builtin(spec, values, principalId);
    if (own !== undefined) return placement.open(spec, values, own, principalId)(events);
    const open = (heard: LinkEvents, streamHeaders: Readonly<Record<string, string>>): Promise<Link> => {
      if (spec.type === 'http') return openHttpLink(spec, values, { clock, dialer, random }, heard);
      if (spec.type === 'sse') return openSseLink(spec, values, { clock, dialer, random, streamHeaders }, heard);
      const onStderr = (line: string): void => log.debug('stderr', { server: spec.name, line });
      return placement.open(spec, values, (hearing) => openStdioLink(spec, values, { clock, environment: environment(), watcher, packagesFolder, onStderr }, hearing))(heard);
    };
    return spec.auth === undefined ? open(events, {}) : signIns.link(spec, principalId, open)(events);
  };
}
