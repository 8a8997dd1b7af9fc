/** Real connections to scripted servers in memory, and what the data plane makes of them. */
import type { Clock } from '../../src/base/clock.ts';
import { Catalogs } from '../../src/data-plane/catalogs.ts';
import { createUpstreams } from '../../src/upstream/pool.ts';
import type { Upstreams, UpstreamsEvents } from '../../src/upstream/upstreams.ts';
import { type FakeLink, fakeServer, fakeSpec, type Script } from './fake-link.ts';
import { settle } from './movable-clock.ts';

export interface PlainUpstreams {
  readonly upstreams: Upstreams;
  readonly catalogs: Catalogs;
  /** Those of a server, oldest first. */
  readonly links: (server: string) => readonly FakeLink[];
}

/** Resolves when the servers were started. Modern ones answer over HTTP, so that each answer has a carrier. */
export async function startPlainUpstreams(
  scripts: Readonly<Record<string, Script>>,
  clock: Clock,
  events: Partial<UpstreamsEvents> = {},
): Promise<PlainUpstreams> {
  const servers = Object.fromEntries(Object.entries(scripts).map(([name, script]) => [name, fakeServer('http', script)]));
  const nothing = (): undefined => undefined;
  // `all` is there before anything is told: servers tell only once they are applied.
  const all: { catalogs?: Catalogs } = {};
  const upstreams = createUpstreams({
    clock,
    random: () => 0,
    gatewayInfo: { name: 'metamcp', version: '1' },
    openLink: (spec) => servers[spec.name]?.open ?? (() => Promise.reject(new Error('no such server'))),
    onDropped: nothing,
    events: {
      resourceUpdated: nothing,
      notified: nothing,
      asked: () => false,
      ...events,
      listChanged: (server, kind) => {
        all.catalogs?.changed();
        events.listChanged?.(server, kind);
      },
      stateChanged: (server) => {
        all.catalogs?.changed();
        events.stateChanged?.(server);
      },
    },
  });
  const catalogs = new Catalogs(upstreams, clock, nothing);
  all.catalogs = catalogs;
  upstreams.apply(new Map(Object.keys(scripts).map((name) => [name, fakeSpec(name, { type: 'http', url: `http://${name}.example/mcp` })])));
  for (let turn = 0; turn < 5; turn++) await settle();
  return { upstreams, catalogs, links: (server) => servers[server]?.links ?? [] };
}
