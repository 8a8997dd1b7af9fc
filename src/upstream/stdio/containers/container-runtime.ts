/**
 * A container runtime: starts a server in a container of its own and gives its three streams, as `start-process.ts` does
 * with a process. Whatever it starts carries the labels below, by which a gateway finds what it left when it died.
 */
import type { ContainerSpec } from '../../../model/container.ts';
import type { RunningServer } from '../running-server.ts';

/** Whose the container is: a digest of the machine and the data folder. */
export const GATEWAY_LABEL = 'metamcp.gateway';
export const SERVER_LABEL = 'metamcp.server';
/** `none` or `open`: network policies select by it. */
export const NETWORK_LABEL = 'metamcp.network';

export interface ContainerLaunch {
  /** Name of the server. */
  readonly server: string;
  readonly container: ContainerSpec;
  /** In place of the image's own; empty: the image's own. */
  readonly command: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** In the container; undefined: the image's own. */
  readonly cwd: string | undefined;
  /** For fetching the image and the start. */
  readonly startTimeoutMs: number;
}

export interface ContainerRuntime {
  /** Resolves once it runs; rejects with `upstream.unavailable`, whose detail says what to do. */
  start(launch: ContainerLaunch): Promise<RunningServer>;
  /** Ends what an earlier process of this gateway started and did not end. Resolves with how many those were; rejects with `upstream.unavailable`. */
  removeOrphans(): Promise<number>;
}
