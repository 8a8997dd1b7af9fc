/** The admin API on a real listener over a real, empty database; only the live servers are plain records. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFailureThrottle, FAILURE_THROTTLE } from '../../src/auth/failure-throttle.ts';
import { openInstanceKey } from '../../src/auth/instance-key.ts';
import { digestOf } from '../../src/auth/keys.ts';
import { newOperatorToken } from '../../src/auth/operator-token.ts';
import { ByteBudget } from '../../src/base/byte-budget.ts';
import { type Clock, systemClock } from '../../src/base/clock.ts';
import { Fault } from '../../src/base/fault.ts';
import { createIsSecureHost } from '../../src/auth/cookies.ts';
import { createPasswords } from '../../src/auth/passwords.ts';
import { createSignInThrottle } from '../../src/auth/sign-in-throttle.ts';
import { systemRandom } from '../../src/base/ids.ts';
import type { ServerState } from '../../src/contract/servers.ts';
import { readConfigInput } from '../../src/control-plane/config-file/read-config-text.ts';
import { applyConfigFile } from '../../src/control-plane/configuration/apply-file.ts';
import { makeFirstRun } from '../../src/control-plane/configuration/first-run.ts';
import { type Authenticate, operatorTokenAuthenticator } from '../../src/control-plane/identify.ts';
import { createAdminEvents } from '../../src/control-plane/events/admin-events.ts';
import { openStarterKey } from '../../src/control-plane/keys/starter-key.ts';
import type { LiveDiscovery } from '../../src/control-plane/discovery/live-discovery.ts';
import type { LiveGrants } from '../../src/control-plane/grants/live-grants.ts';
import type { LiveInspections } from '../../src/control-plane/live-inspections.ts';
import type { LiveDefinitions } from '../../src/control-plane/live-definitions.ts';
import type { LiveApprovals } from '../../src/control-plane/approvals/live-approvals.ts';
import type { LiveGovernance } from '../../src/control-plane/live-governance.ts';
import { plainLiveGovernance } from './plain-governance.ts';
import type { LiveSessions } from '../../src/control-plane/live-sessions.ts';
import type { LiveChat } from '../../src/control-plane/playground/live-chat.ts';
import type { OnDemandServices } from '../../src/control-plane/on-demand-services.ts';
import type { WorkflowServices } from '../../src/control-plane/workflow-services.ts';
import type { DirectCallOutcome, LiveServers } from '../../src/control-plane/live-servers.ts';
import type { AdminServices, Bound } from '../../src/control-plane/operation.ts';
import { signInAuthenticator } from '../../src/control-plane/people/sign-in-authenticator.ts';
import type { PeopleServices } from '../../src/control-plane/people-services.ts';
import { createPublisher } from '../../src/control-plane/publish.ts';
import { type AdminRecord, createAdminHandler } from '../../src/control-plane/serve.ts';
import type { ConfigInput } from '../../src/model/config-document.ts';
import { liveSettingsOf } from '../../src/control-plane/configuration/instance-settings.ts';
import type { FixedSettings } from '../../src/model/live-settings.ts';
import { SETTING_DEFAULTS } from '../../src/model/settings.ts';
import { Envelope } from '../../src/storage/data-keys.ts';
import { openRecording } from '../../src/wiring/recording.ts';
import { lockDataFolder } from '../../src/storage/data-folder.ts';
import { openStorage } from '../../src/storage/open-storage.ts';

const FILE = '/etc/metamcp.yaml';
const WARNING = 'a word to the operator';

export interface AdminOptions {
  readonly operations?: readonly Bound[];
  readonly authenticators?: readonly Authenticate[];
  readonly states?: readonly ServerState[];
  readonly outcome?: DirectCallOutcome;
  readonly restart?: (name: string) => Promise<void>;
  /** What the configuration file `/etc/metamcp.yaml` brings beside it. */
  readonly file?: ConfigInput;
  readonly sessions?: LiveSessions;
  readonly inspections?: LiveInspections;
  readonly definitions?: LiveDefinitions;
  readonly grants?: LiveGrants;
  readonly approvals?: LiveApprovals;
  readonly governance?: Partial<LiveGovernance>;
  readonly onDemand?: OnDemandServices;
  readonly workflows?: WorkflowServices;
  readonly chat?: LiveChat;
  readonly environment?: Readonly<Record<string, string>>;
  /** Of operations and sign-ins; storage and publishing keep the system's. */
  readonly clock?: Clock;
  readonly people?: Partial<PeopleServices>;
  readonly publicUrls?: readonly string[];
  readonly databaseUrl?: string;
  /** What flags and variables of the start decide. */
  readonly fixed?: FixedSettings;
}

/** What is there unless a test says otherwise: one server, offered at one endpoint. */
const DOCUMENT: ConfigInput = {
  servers: { files: { command: '/bin/files', required: true } },
  namespaces: { dev: { servers: ['files'] } },
  endpoints: { dev: { namespace: 'dev' } },
};

export const READY_SERVER: ServerState = {
  name: 'files',
  type: 'stdio',
  status: 'ready',
  since: '2027-01-15T08:00:00.000Z',
  pid: 4711,
  family: 'modern',
  revision: '2026-07-28',
  isolation: { effective: 'shared', reason: 'a modern server keeps nothing between requests' },
  connections: 1,
  restarts: 0,
  lastError: null,
  stderrTail: '',
  warnings: [],
  tools: 3,
  prompts: 0,
  resources: null,
  handshakeMs: 12.5,
};

const PLAIN_EVALUATION = { recallAt: { 1: 1, 3: 1, 5: 1, 10: 1 }, hitAt1: 1, unanswerable: { count: 0, strongCount: 0 }, tokens: { median: 10, p90: 10 }, misses: [] };

/** The live side of discovery as plain records. */
const PLAIN_DISCOVERY: LiveDiscovery = {
  costOf: () => ({ toolCount: 1, fullTokens: 100, listedTokens: 100, servers: [{ server: 'files', toolCount: 1, tokens: 100 }], tools: [{ name: 'files__read', tokens: 100 }] }),
  search: (_endpoint, { queries }) => ({ text: queries.join(), rows: {}, tokens: 1 }),
  evaluate: (_endpoint, _cases, against) => Promise.resolve({ evaluation: PLAIN_EVALUATION, against: against === undefined ? null : PLAIN_EVALUATION, difference: null }),
  route: (_endpoint, { group }) => ({ group, member: null, reason: null, rule: null, arguments: null, order: [], refused: {} }),
  previewRule: () => ({ tools: [], tokens: 0 }),
  suggestGroups: () => ({ items: [] }),
};

const NO_CHAT: LiveChat = { complete: () => Promise.reject(new Fault('upstream.unavailable')) };

export async function startAdmin(options: AdminOptions = {}) {
  const dataFolder = mkdtempSync(join(tmpdir(), 'metamcp-admin-'));
  const folder = lockDataFolder(dataFolder);
  const instanceKey = openInstanceKey(dataFolder, systemRandom);
  const storage = await openStorage({ folder, databaseUrl: options.databaseUrl, clock: systemClock, keyCheck: instanceKey.check, report: () => {} });
  const starter = await openStarterKey({ storage, clock: systemClock, random: systemRandom, instanceKey });
  const states = { now: options.states ?? [READY_SERVER] };
  const calls: unknown[] = [];
  const live: LiveServers = {
    states: () => states.now,
    lists: () => undefined,
    catalog: () => undefined,
    collisions: () => [{ kind: 'tool', exposed: 'search', kept: 'files', hidden: 'web' }],
    restart: async (name) => {
      calls.push(['restart', name]);
      await options.restart?.(name);
    },
    resync: async (name) => void calls.push(['resync', name]),
    call: async (name, tool, args) => {
      calls.push(['call', name, tool, args]);
      return options.outcome ?? { result: { content: [{ type: 'text', text: 'ping' }] } };
    },
  };
  const publisher = await createPublisher({
    storage,
    sealing: instanceKey.sealing,
    wrapping: instanceKey.wrapping,
    random: systemRandom,
    clock: systemClock,
    compileOptions: {
      digest: (text) => createHash('sha256').update(text).digest('hex'),
      keyDigest: (value) => digestOf(instanceKey.pepper, value),
      findCommand: (command) => command,
      environment: options.environment ?? {},
    },
    check: () => {},
  });
  const makeKeyServices = { clock: systemClock, random: systemRandom, instanceKey };
  await makeFirstRun(publisher, DOCUMENT, systemClock.nowMs());
  if (options.file !== undefined) {
    const text = readConfigInput(JSON.stringify(options.file), FILE);
    await applyConfigFile(publisher, { ...text, warnings: [WARNING], path: FILE }, makeKeyServices);
  }
  const clock = options.clock ?? systemClock;
  const isSecureHost = createIsSecureHost(options.publicUrls ?? []);
  const reports: string[] = [];
  const people: PeopleServices = {
    passwords: createPasswords(systemRandom),
    throttle: createSignInThrottle(clock),
    sendMail: undefined,
    provider: undefined,
    roleRules: { groupsClaim: 'groups', roleOfGroup: [] },
    isSecureHost,
    report: (problem) => reports.push(problem),
    ...options.people,
  };
  const fixed: FixedSettings = options.fixed ?? new Map();
  const recording = await openRecording({
    settings: { ...SETTING_DEFAULTS, data: dataFolder },
    retention: () => SETTING_DEFAULTS,
    storage,
    instanceKey,
    clock: systemClock,
    random: systemRandom,
    addressOf: () => '127.0.0.1',
    clean: (text) => text,
    report: (problem) => reports.push(problem),
  });
  const services: AdminServices = {
    storage,
    people,
    recordings: recording.recordings,
    clock,
    random: systemRandom,
    instanceKey,
    live,
    discovery: PLAIN_DISCOVERY,
    envelope: new Envelope({ wrapping: instanceKey.wrapping, random: systemRandom, clock: systemClock }),
    approvals: options.approvals ?? { changed: () => undefined, whenChanged: (mark) => Promise.resolve(mark) },
    governance: { ...plainLiveGovernance, ...options.governance },
    onDemand: options.onDemand,
    workflows: options.workflows,
    chat: { ...NO_CHAT, ...options.chat },
    grants: options.grants ?? { begin: () => undefined, withdraw: () => Promise.resolve(false) },
    consents: { withdrawn: (digest) => void calls.push(['withdrawn', digest]) },
    definitions: options.definitions ?? { inspect: () => [] },
    replicas: { self: 'replica_1', list: () => [] },
    sessions: options.sessions ?? { list: () => [], end: () => false },
    inspections: options.inspections ?? { open: () => { throw new Fault('limit.overloaded'); }, list: () => [], messages: () => [], close: () => undefined },
    snapshot: publisher.snapshot,
    objects: publisher.objects,
    publish: publisher.publish,
    change: publisher.change,
    configFile: options.file === undefined ? undefined : FILE,
    dataFolder,
    describeConfig: () => ({ settings: [{ name: 'port', value: '12008', source: 'default' }], document: { servers: {} } }),
    settings: { fixed, now: () => liveSettingsOf(publisher.objects(), fixed) },
    publicUrl: () => options.publicUrls?.[0] ?? 'http://127.0.0.1:12008',
  };
  const token = newOperatorToken(systemRandom);
  const records: AdminRecord[] = [];
  const events = createAdminEvents(publisher);
  const handler = createAdminHandler({
    events,
    services,
    version: '1.2.3',
    authenticators: options.authenticators ?? [operatorTokenAuthenticator(token), signInAuthenticator({ storage, clock, instanceKey, isSecureHost })],
    throttle: createFailureThrottle({ clock: systemClock, ...FAILURE_THROTTLE }),
    checkHost: (http) => {
      if (!http.headers.host?.startsWith('127.0.0.1:')) throw new Fault('request.host_refused');
      if (http.headers.origin === 'http://evil.example') throw new Fault('request.origin_refused');
    },
    addressOf: (http) => http.socket.remoteAddress ?? '',
    record: (entry) => records.push(entry),
    bodies: new ByteBudget(64_000_000),
    ...(options.operations && { operations: options.operations }),
  });
  const http = createServer(handler).listen(0, '127.0.0.1');
  await once(http, 'listening');
  const address = http.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const url = `http://127.0.0.1:${address.port}`;

  /** One request as the operator, unless `credential` says otherwise (null: none). */
  const ask = async (method: string, path: string, more: { body?: unknown; credential?: string | null; headers?: Record<string, string> } = {}) => {
    const credential = more.credential === undefined ? `Bearer ${token}` : more.credential;
    const response = await fetch(url + path, {
      method,
      headers: {
        ...(credential === null ? {} : { authorization: credential }),
        ...(more.body === undefined ? {} : { 'content-type': 'application/json' }),
        ...more.headers,
      },
      ...(more.body === undefined ? {} : { body: typeof more.body === 'string' ? more.body : JSON.stringify(more.body) }),
    });
    const type = response.headers.get('content-type') ?? '';
    // A stream goes on for ever: its beginning is its answer here.
    const text = type.startsWith('text/event-stream') ? await firstPart(response) : await response.text();
    const isJson = /^application\/(?:problem\+)?json/.test(type);
    return { status: response.status, headers: response.headers, text, body: (isJson ? JSON.parse(text) : {}) as Record<string, unknown> };
  };
  return {
    url,
    token,
    services,
    starter,
    publisher,
    states,
    calls,
    records,
    reports,
    /** What the data plane would tell of its calls. */
    recorder: recording.calls,
    ask,
    async close() {
      http.closeAllConnections();
      http.close();
      await recording.close();
      await storage.close();
      folder.release();
      rmSync(dataFolder, { recursive: true, force: true });
    },
  };
}

async function firstPart(response: Response): Promise<string> {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  const part = await reader?.read();
  await reader?.cancel();
  return part?.value ?? '';
}

export type TestAdmin = Awaited<ReturnType<typeof startAdmin>>;
