/** The data plane over real HTTP on loopback, with servers in memory: what their tools do, the test writes. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ByteBudget } from '../../src/base/byte-budget.ts';
import { systemClock } from '../../src/base/clock.ts';
import { createDataPlane, type DataPlane, type DataPlaneDeps } from '../../src/data-plane/data-plane.ts';
import type { RequestRecord } from '../../src/data-plane/record.ts';
import { type ConfigInput, parseConfigDocument } from '../../src/model/config-document.ts';
import type { JsonObject } from '../../src/protocol/messages.ts';
import { compile } from '../../src/snapshot/compile.ts';
import type { Snapshot } from '../../src/snapshot/snapshot.ts';
import { createUpstreams } from '../../src/upstream/pool.ts';
import type { Upstreams, UpstreamsEvents } from '../../src/upstream/upstreams.ts';
import { type FakeLink, fakeServer, type Script } from './fake-link.ts';
import { plainGovernance } from './plain-governance.ts';
import { plainRecorder } from './plain-recorder.ts';
import { plainSealer } from './plain-exchange.ts';

export interface PlaneOptions {
  /** Servers by name; each is in the configuration too. */
  readonly servers: Readonly<Record<string, Script>>;
  readonly namespace?: JsonObject;
  readonly serverConfig?: Readonly<Record<string, JsonObject>>;
  /** The endpoint `dev`, without its namespace. */
  readonly endpoint?: JsonObject;
  readonly policies?: JsonObject;
  readonly keys?: Readonly<Record<string, JsonObject>>;
  readonly deps?: Partial<DataPlaneDeps>;
}

export interface Plane {
  readonly url: string;
  readonly dataPlane: DataPlane;
  readonly upstreams: Upstreams;
  readonly records: RequestRecord[];
  readonly snapshot: () => Snapshot;
  readonly links: (server: string) => readonly FakeLink[];
  readonly stop: () => Promise<void>;
}

const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex');

export function snapshotOf({ servers, namespace = {}, serverConfig = {}, endpoint = {}, policies = {}, keys = {} }: Omit<PlaneOptions, 'deps'>): Snapshot {
  const names = Object.keys(servers);
  const document = {
    servers: Object.fromEntries(names.map((name) => [name, { url: `http://${name}.example/mcp`, ...serverConfig[name] }])),
    policies,
    namespaces: { dev: { servers: names, ...namespace } },
    endpoints: { dev: { namespace: 'dev', auth: { apiKey: Object.keys(keys).length > 0, oauth: false, query: false }, ...endpoint } },
    keys,
  } as unknown as ConfigInput;
  return compile(parseConfigDocument(document), { generation: 1, digest: digestOf, keyDigest: digestOf, findCommand: () => undefined, environment: {} });
}

export async function startPlane(options: PlaneOptions): Promise<Plane> {
  const snapshot = snapshotOf(options);
  const servers = Object.fromEntries(Object.entries(options.servers).map(([name, script]) => [name, fakeServer('http', script)]));
  const records: RequestRecord[] = [];
  const late: { events?: UpstreamsEvents } = {};
  const upstreams = createUpstreams({
    clock: systemClock,
    random: () => 0,
    gatewayInfo: { name: 'metamcp', version: '1' },
    openLink: (spec) => servers[spec.name]?.open ?? (() => Promise.reject(new Error('no such server'))),
    onDropped: () => undefined,
    events: {
      listChanged: (server, kind) => late.events?.listChanged(server, kind),
      stateChanged: (server) => late.events?.stateChanged(server),
      resourceUpdated: () => undefined,
      notified: () => undefined,
      asked: () => false,
    },
  });
  let count = 0;
  const dataPlane = createDataPlane({
    clock: systemClock,
    ...plainGovernance(systemClock),
    calls: plainRecorder,
    snapshot: () => snapshot,
    upstreams,
    info: { name: 'metamcp', title: 'MetaMCP', version: '1' },
    sealer: plainSealer,
    randomId: () => `random-id-${++count}`,
    newCorrelationId: () => `req_${++count}`,
    write: (record) => records.push(record),
    refused: () => undefined,
    middlewareFailed: () => undefined,
    addressOf: () => '127.0.0.1',
    collided: () => undefined,
    bodyBytesMax: 4_000_000,
    bodies: new ByteBudget(64_000_000),
    sessionLimits: { idleMs: 60_000, totalMs: 60_000, perCredentialMax: 1_000, max: 1_000 },
    digestOf,
    operatorDigest: digestOf('operator'),
    failed: () => undefined,
    challenge: () => undefined,
    verifyToken: () => undefined,
    ...options.deps,
  });
  late.events = dataPlane.upstreamsEvents;
  upstreams.apply(snapshot.servers);
  await upstreams.settled(5_000);
  const listener = createServer((http, response) => void dataPlane.serve(http, response)).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  return {
    url: `http://127.0.0.1:${(listener.address() as AddressInfo).port}/metamcp/dev/mcp`,
    dataPlane,
    upstreams,
    records,
    snapshot: () => snapshot,
    links: (server) => servers[server]?.links ?? [],
    stop: async () => {
      dataPlane.close();
      listener.close();
      listener.closeAllConnections();
      await upstreams.close();
    },
  };
}
