/**
 * Requests that the gateway answers itself: handshakes, lists, settings of a session. Lists come from memory; they
 * wait only for servers that are still starting, and say in `_meta` what is missing.
 */
import { Fault } from '../base/fault.ts';
import { RawObject } from '../protocol/envelope.ts';
import { familyOf, MODERN_REVISION, REVISIONS } from '../protocol/messages.ts';
import { META_SERVERS } from '../protocol/meta.ts';
import { REVISION_TABLES } from '../protocol/revisions.ts';
import type { ServerProfile } from '../upstream/upstream.ts';
import type { Upstreams } from '../upstream/upstreams.ts';
import type { GatewayInfo } from './answer.ts';
import type { CatalogList } from './catalog.ts';
import type { Catalogs } from './catalogs.ts';
import type { Discovery } from './discovery.ts';
import type { Engines } from './engines.ts';
import type { Decoded } from './exchange.ts';
import { mergedCapabilities, mergedInstructions } from './profile.ts';
import { listenResult, type Subscriptions } from './subscriptions.ts';
import { listTasks } from './list-tasks.ts';
import type { TaskIds } from './task-ids.ts';
import { visibleList } from './visible-list.ts';

/** A list waits for a server until its start is so old; then it says what is missing. */
const LIST_PATIENCE_MS = 5_000;
const HANDSHAKE_PATIENCE_MS = 2_000;
/** Lists may be kept so long by modern clients; a change is announced to those that listen. */
const LIST_TTL_MS = 5_000;
const LEVELS: ReadonlySet<string> = new Set(['debug', 'info', 'notice', 'warning', 'error', 'critical', 'alert', 'emergency']);

const PRIMITIVES = { tools: 'tool', prompts: 'prompt', resources: 'resource', resourceTemplates: 'resourceTemplate' } as const;

export interface LocalDeps {
  readonly info: GatewayInfo;
  readonly upstreams: Upstreams;
  readonly catalogs: Catalogs;
  readonly subscriptions: Subscriptions;
  readonly engines: Engines;
  readonly taskIds: TaskIds;
  readonly discovery: Discovery;
}

export type LocalHandler = (exchange: Decoded, deps: LocalDeps) => RawObject | Promise<RawObject>;

export const LOCAL_HANDLERS: ReadonlyMap<string, LocalHandler> = new Map<string, LocalHandler>([
  ['ping', () => RawObject.of({})],
  ['initialize', initialize],
  ['server/discover', discover],
  ['tools/list', (exchange, deps) => list(exchange, deps, 'tools')],
  ['prompts/list', (exchange, deps) => list(exchange, deps, 'prompts')],
  ['resources/list', (exchange, deps) => list(exchange, deps, 'resources')],
  ['resources/templates/list', (exchange, deps) => list(exchange, deps, 'resourceTemplates')],
  ['logging/setLevel', setLevel],
  ['resources/subscribe', watch],
  ['resources/unsubscribe', watch],
  ['subscriptions/listen', listen],
  ['tasks/list', listTasks],
]);

function profiles(exchange: Decoded, deps: LocalDeps): { readonly of: (server: string) => ServerProfile | undefined; readonly all: readonly ServerProfile[] } {
  const of = (server: string): ServerProfile | undefined => deps.upstreams.profile(server);
  const all = exchange.endpoint.namespace.members.map((member) => of(member.server)).filter((profile) => profile !== undefined);
  return { of, all };
}

/** What servers that are still starting will say is worth a moment: a client hears it only once. */
async function settled(exchange: Decoded, { catalogs }: LocalDeps): Promise<void> {
  const servers = exchange.endpoint.namespace.members.map((member) => member.server);
  if (catalogs.isStarting(servers, HANDSHAKE_PATIENCE_MS)) await catalogs.started(servers, HANDSHAKE_PATIENCE_MS);
}

/** The session is there already; this is what the client learns of it. */
async function initialize(exchange: Decoded, deps: LocalDeps): Promise<RawObject> {
  await settled(exchange, deps);
  const { of, all } = profiles(exchange, deps);
  const instructions = mergedInstructions(exchange.endpoint.namespace, of);
  return RawObject.of({
    protocolVersion: exchange.client.revision,
    capabilities: mergedCapabilities(all, 'legacy', REVISION_TABLES[exchange.client.revision].requests.has('tasks/get')),
    serverInfo: { ...deps.info },
    ...(instructions === undefined ? {} : { instructions }),
  });
}

async function discover(exchange: Decoded, deps: LocalDeps): Promise<RawObject> {
  await settled(exchange, deps);
  const { of, all } = profiles(exchange, deps);
  const instructions = mergedInstructions(exchange.endpoint.namespace, of);
  return RawObject.of({
    resultType: 'complete',
    supportedVersions: REVISIONS.filter((revision) => familyOf(revision) === 'modern'),
    capabilities: mergedCapabilities(all, 'modern', false),
    ...(instructions === undefined ? {} : { instructions }),
    ttlMs: LIST_TTL_MS,
    cacheScope: 'private',
  });
}

/** All pages of all servers as one page. Throws `request.params_invalid` for a cursor: we never give one out. */
async function list(exchange: Decoded, deps: LocalDeps, kind: 'tools' | 'prompts' | 'resources' | 'resourceTemplates'): Promise<RawObject> {
  const { namespace } = exchange.endpoint;
  const cursor = exchange.params['cursor'];
  if (cursor !== undefined && cursor !== '') throw new Fault('request.params_invalid', { message: 'Unknown cursor' });
  const servers = namespace.members.map((member) => member.server);
  if (deps.catalogs.isStarting(servers, LIST_PATIENCE_MS)) await deps.catalogs.started(servers, LIST_PATIENCE_MS);
  const catalogList: CatalogList = deps.catalogs.of(namespace)[kind];
  const isModern = exchange.client.revision === MODERN_REVISION;
  const asked = visibleList(catalogList, PRIMITIVES[kind], exchange, deps.engines);
  const allowed = asked instanceof Promise ? await asked : asked;
  const visible = kind === 'tools' ? deps.discovery.shown(allowed, exchange) : allowed;
  const gaps = deps.catalogs.gaps(namespace);
  const text = isModern ? visible.modernText : visible.legacyText;
  const meta = gaps.length > 0 ? `,"_meta":{"${META_SERVERS}":${JSON.stringify(gaps)}}` : '';
  const head = isModern ? `"resultType":"complete","ttlMs":${gaps.length > 0 ? 0 : LIST_TTL_MS},"cacheScope":"private",` : '';
  return resultOf(visible, head + kind + meta, () => `{${head}"${kind}":[${text}]${meta}}`);
}

const results = new WeakMap<CatalogList, { readonly key: string; readonly result: RawObject }>();

/** Of a list that did not change the result is the one of before: to scan a thousand tools again costs milliseconds. */
function resultOf(list: CatalogList, key: string, text: () => string): RawObject {
  const known = results.get(list);
  if (known?.key === key) return known.result;
  const result = RawObject.fromText(text());
  results.set(list, { key, result });
  return result;
}

function setLevel(exchange: Decoded): RawObject {
  const level = exchange.params['level'];
  if (typeof level !== 'string' || !LEVELS.has(level)) throw new Fault('request.params_invalid', { message: `level is one of ${[...LEVELS].join(', ')}` });
  if (exchange.client.session !== undefined) exchange.client.session.logLevel = level;
  return RawObject.of({});
}

/** Throws `routing.unknown` for a URI that no server of the namespace has. */
async function watch(exchange: Decoded, deps: LocalDeps): Promise<RawObject> {
  const { session } = exchange.client;
  const uri = exchange.params['uri'];
  if (session === undefined || typeof uri !== 'string') throw new Fault('request.params_invalid', { message: 'uri is not a string' });
  if (exchange.method === 'resources/subscribe') await deps.subscriptions.watch(session, uri, exchange);
  else deps.subscriptions.unwatch(session, uri);
  return RawObject.of({});
}

/** Ends only when the client closes the stream or the gateway stops. */
async function listen(exchange: Decoded, deps: LocalDeps): Promise<RawObject> {
  await deps.subscriptions.listen(exchange);
  return RawObject.of(listenResult(exchange.id));
}
