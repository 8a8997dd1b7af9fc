/**
 * The path of one admin request, top to bottom: receive, identify, permit, parse, then transact and handle (inside
 * `run`, see operation.ts), present. `record` sees every outcome, refusals too.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { getRequestListener, type HttpBindings } from '@hono/node-server';
import { type Context, Hono } from 'hono';
import type { ByteBudget, HeldBytes } from '../base/byte-budget.ts';
import { Fault, toFault } from '../base/fault.ts';
import { newId } from '../base/ids.ts';
import { GetOpenApi } from '../contract/health.ts';
import { EVENTS_PATH } from '../contract/events.ts';
import type { Operation } from '../contract/operation.ts';
import { ANONYMOUS } from '../model/principal.ts';
import { insertAuditEvent } from '../storage/audit-events.ts';
import { transact } from '../storage/transaction.ts';
import { DOCS_PATH, docsPage } from './docs/docs-page.ts';
import { createBrowser } from './browser.ts';
import type { AdminEvents } from './events/admin-events.ts';
import { openEventStream } from './events/event-stream.ts';
import { type Administrator, type IdentifyDeps, identify } from './identify.ts';
import { type AdminServices, type Bound, bindRead, StreamedAnswer } from './operation.ts';
import { OPERATIONS } from './operations.ts';
import { parse } from './parse.ts';
import { presentAnswer, presentFault, presentStream } from './present.ts';

/** One admin request as the log knows it. `fault.detail` is for the log; nothing in here is a secret. */
export interface AdminRecord {
  readonly requestId: string;
  readonly method: string;
  /** Id of the operation; undefined where there is none at the address. */
  readonly operation: string | undefined;
  readonly principal: string | undefined;
  readonly address: string;
  readonly status: number;
  readonly fault: Fault | undefined;
  readonly durationMs: number;
}

export interface ControlPlaneDeps extends IdentifyDeps {
  readonly services: AdminServices;
  /** Version of MetaMCP. */
  readonly version: string;
  /** Throws `request.host_refused` or `request.origin_refused`: the same rule as for MCP. */
  readonly checkHost: (http: IncomingMessage) => void;
  /** Of the client, past proxies that are trusted. */
  readonly addressOf: (http: IncomingMessage) => string;
  readonly record: (entry: AdminRecord) => void;
  /** Of all bodies in flight, those of messages too. */
  readonly bodies: ByteBudget;
  /** Who watches is told of every change that succeeded. */
  readonly events: AdminEvents;
  /** All there are, unless a test says otherwise. */
  readonly operations?: readonly Bound[];
}

export type AdminHandler = (http: IncomingMessage, answer: ServerResponse) => void;

/** `checkHost` refuses such a request; Hono needs some host to make an address of. */
const HOST_WHERE_NONE_IS_SENT = 'localhost';

type Http = Context<{ Bindings: HttpBindings }>;

/** Something to look at, for anyone. Throws `request.not_found`. */
class Page {
  readonly show: (path: string) => Response;

  constructor(find: (path: string) => Response | undefined) {
    this.show = (path) => {
      const response = find(path);
      if (response === undefined) throw new Fault('request.not_found');
      return response;
    };
  }
}

/** The stream of what changes, for whoever is known. */
const EVENTS = Symbol('events');

/** What is at an address. */
type Target = Bound | Page | Fault | typeof EVENTS;

const docs = new Page(docsPage);

/** Answers whatever is not under `/metamcp/`. */
export function createAdminHandler(deps: ControlPlaneDeps): AdminHandler {
  // Loaded and made when it is first asked for: a start needs none of it.
  let document: object | undefined;
  const describe = async (): Promise<object> => {
    const { toOpenApi } = await import('./openapi.ts');
    return toOpenApi(
      table.map((bound) => bound.operation),
      deps.version,
    );
  };
  const getOpenApi = bindRead(GetOpenApi, async () => ({ openapi: '3.1.0' as const, ...(document ??= await describe()) }));
  const table = [...(deps.operations ?? OPERATIONS), getOpenApi];

  const app = new Hono<{ Bindings: HttpBindings }>();
  for (const bound of table) {
    app.on(bound.operation.method, toRoute(bound.operation), (http) => serve(http, bound, deps));
  }
  for (const path of new Set(table.map((bound) => toRoute(bound.operation)))) {
    const allow = table
      .filter((bound) => toRoute(bound.operation) === path)
      .map((bound) => bound.operation.method)
      .join(', ');
    app.all(path, (http) => serve(http, new Fault('request.method_not_allowed', { data: { allow } }), deps));
  }
  for (const path of [DOCS_PATH, `${DOCS_PATH}/:asset`]) app.get(path, (http) => serve(http, docs, deps));
  app.get(EVENTS_PATH, (http) => serve(http, EVENTS, deps));
  app.notFound((http) => serve(http, new Fault('request.not_found'), deps));

  const listener = getRequestListener(app.fetch, { overrideGlobalObjects: false, hostname: HOST_WHERE_NONE_IS_SENT });
  return (http, answer) => void listener(http, answer);
}

async function serve(http: Http, target: Target, deps: ControlPlaneDeps): Promise<Response> {
  const { clock, random } = deps.services;
  const startedMs = clock.monotonicMs();
  const requestId = newId('req', clock, random);
  const address = deps.addressOf(http.env.incoming);
  const seen: { administrator?: Administrator; fault?: Fault } = {};
  const held = deps.bodies.hold();
  let response: Response;
  try {
    response = await run(http, target, { ...deps, address, seen, held });
  } catch (thrown) {
    seen.fault = toFault(thrown);
    response = presentFault(seen.fault, requestId);
  } finally {
    held.letGo();
  }
  deps.record({
    requestId,
    method: http.req.method,
    operation: typeof target === 'object' && 'operation' in target ? target.operation.id : undefined,
    principal: seen.administrator?.principal.id,
    address,
    status: response.status,
    fault: seen.fault,
    durationMs: clock.monotonicMs() - startedMs,
  });
  return response;
}

interface RunDeps extends ControlPlaneDeps {
  readonly address: string;
  readonly held: HeldBytes;
  readonly seen: { administrator?: Administrator };
}

async function run(http: Http, target: Target, deps: RunDeps): Promise<Response> {
  deps.checkHost(http.env.incoming);
  if (target instanceof Page) return target.show(http.req.path);
  if (target instanceof Fault) throw target;
  if (target === EVENTS) return watch(http, deps);
  const { operation } = target;

  let administrator: Administrator = { principal: ANONYMOUS, permissions: new Set() };
  if (operation.access !== 'public') {
    administrator = await identify(http.req.raw, deps.address, deps);
    deps.seen.administrator = administrator;
    await permit(operation, administrator, deps.services);
  }
  const raw = { params: http.req.param(), query: http.req.query(), contentType: http.req.header('content-type'), body: http.req.raw.body, held: deps.held };
  const input = await parse(operation, raw, deps.services.clock);
  const headers = { ifMatch: http.req.header('if-match'), idempotencyKey: http.req.header('idempotency-key') };
  const browser = createBrowser({ headers: http.req.raw.headers, address: deps.address, target: http.env.incoming.url ?? '' }, deps.services.people.isSecureHost);
  const answer = await target.run({ input, ...administrator, headers, browser, services: deps.services }).catch(async (thrown: unknown) => {
    // What only the content of a request tells, such as that a server is a process.
    if (thrown instanceof Fault && thrown.code === 'auth.scope_missing') await recordDenial(operation, administrator, deps.services);
    throw thrown;
  });
  deps.events.operated(operation);
  return answer instanceof StreamedAnswer ? presentStream(answer) : presentAnswer(operation, answer, browser.setCookies);
}

/** Throws what `identify` throws, and `limit.overloaded`. */
async function watch(http: Http, { events, seen, address, services, ...deps }: RunDeps): Promise<Response> {
  const administrator = await identify(http.req.raw, address, deps);
  seen.administrator = administrator;
  const viewer = { principalId: administrator.principal.id, permissions: administrator.permissions };
  return openEventStream({ events, clock: services.clock, viewer, isResumed: http.req.header('last-event-id') !== undefined });
}

/** Throws `auth.scope_missing`, and leaves an audit event that says who tried what. */
async function permit(operation: Operation, administrator: Administrator, services: AdminServices): Promise<void> {
  const { principal, permissions } = administrator;
  if (operation.access === 'public' || permissions.has(operation.access)) return;
  await recordDenial(operation, administrator, services);
  throw new Fault('auth.scope_missing', { detail: `${principal.id} lacks ${operation.access}` });
}

async function recordDenial(operation: Operation, { principal }: Administrator, { storage, clock }: AdminServices): Promise<void> {
  const event = { atMs: clock.nowMs(), principal: principal.id, action: operation.id, subject: '', outcome: 'denied', detail: {} } as const;
  await transact(storage.db, (tx) => insertAuditEvent(tx, event));
}

function toRoute(operation: Operation): string {
  return operation.path.replace(/\{(\w+)\}/g, ':$1');
}
