/**
 * The path of one MCP request, top to bottom. Read this file first.
 *
 * Each stage is a file of the same name beside this one and knows no other stage; the order stands here and nowhere
 * else. A stage refuses by throwing a Fault; `answer` turns result and fault alike into the wire form of the client's
 * revision, and `record` sees every outcome.
 */
import type { HttpRequest, HttpResponse } from '../base/http.ts';
import type { ByteBudget } from '../base/byte-budget.ts';
import { Fault, toFault } from '../base/fault.ts';
import { compose } from '../middleware/middleware.ts';
import type { MiddlewareServices } from '../model/middleware.ts';
import type { RequestId } from '../protocol/messages.ts';
import { REVISION_TABLES } from '../protocol/revisions.ts';
import type { Outcome } from '../upstream/upstream.ts';
import { type Admission, admit, type AdmitDeps, isAdmitted } from './admit.ts';
import type { EncodeOutcome } from './answer.ts';
import { stepsFor } from './catalog.ts';
import { isAboutTask } from './policy-action.ts';
import { type Body, decodeBody } from './decode.ts';
import { type Continuations, servicesFor } from './continuations.ts';
import type { Approvals } from './approval.ts';
import type { Admitted, Decoded, Identified, Received, Resolved } from './exchange.ts';
import type { Identify } from './identify.ts';
import { LOCAL_HANDLERS, type LocalDeps, type LocalHandler } from './local.ts';
import type { Observe } from './observe.ts';
import { readBody } from './receive.ts';
import type { Record } from './record.ts';
import { type CallRecorder, recorded } from './record-call.ts';
import { reserve, type ReserveDeps, type Settle } from './reserve.ts';
import { resolve } from './resolve.ts';
import { withinBudget } from './result-budget.ts';
import { dispatchSignedIn, type SignInDeps } from './sign-in.ts';

export interface ServeDeps {
  /** 1 */ readonly receive: (http: HttpRequest) => Received;
  /** 2 */ readonly identify: Identify;
  /** 3 */ readonly throttle: (identified: Identified) => Identified | Promise<Identified>;
  /** 4: what a request without body, or a body's messages, become; front ends of both families. */
  readonly openOrEnd: (identified: Identified, response: HttpResponse) => void;
  readonly toRequests: (identified: Identified, body: Body, response: HttpResponse) => readonly Decoded[];
  /** 6, 8 */ readonly admission: AdmitDeps;
  /** Undefined where nobody can approve anything. */
  readonly approvals: Approvals | undefined;
  /** After 8 */ readonly reserve: ReserveDeps;
  /** 4, for tools as plain HTTP: `body` undefined where the request has none. */
  readonly toApiRequests: (identified: Identified, body: Buffer | undefined, response: HttpResponse) => Promise<readonly Decoded[]>;
  /** 9 */ readonly dispatch: SignInDeps;
  /** 10 */ readonly encode: EncodeOutcome;
  /** `id`: of the request, where it could be read. */
  readonly refuse: (http: HttpRequest, response: HttpResponse, refused: { readonly fault: Fault; readonly id: RequestId | undefined }) => void;
  readonly record: Record;
  /** Intent before dispatch, outcome after. */ readonly calls: CallRecorder;
  /** Around all; undefined where nothing is measured. */
  readonly observe?: Observe | undefined;
  readonly local: LocalDeps;
  /** 7: what middleware may use. */ readonly middlewareServices: MiddlewareServices;
  readonly continuations: Continuations;
  readonly bodyBytesMax: number;
  /** Of all bodies in flight. */ readonly bodies: ByteBudget;
}

export type Serve = (http: HttpRequest, response: HttpResponse) => Promise<void>;

export function createServe(deps: ServeDeps): Serve {
  return async (http, response) => {
    let id: RequestId | undefined;
    const held = deps.bodies.hold();
    try {
      const proven = deps.identify(deps.receive(http));
      const passed = deps.throttle(proven instanceof Promise ? await proven : proven);
      const identified = passed instanceof Promise ? await passed : passed;
      if (identified.door === 'api') {
        const given = http.method === 'POST' ? await readBody(http, deps.bodyBytesMax, held) : undefined;
        for (const decoded of await deps.toApiRequests(identified, given, response)) await serveRequest(decoded, deps);
        return;
      }
      if (http.method !== 'POST') {
        deps.openOrEnd(identified, response);
        return;
      }
      const bytes = readBody(http, deps.bodyBytesMax, held);
      const body = decodeBody(bytes instanceof Promise ? await bytes : bytes);
      const [first] = body.envelopes;
      if (first?.kind === 'request' && !body.isBatch) id = first.id;
      for (const decoded of deps.toRequests(identified, body, response)) {
        held.keep();
        void serveRequest(decoded, deps)
          .catch((thrown: unknown) => deps.refuse(http, response, { fault: toFault(thrown), id: decoded.id }))
          .then(held.letGo);
      }
    } catch (thrown) {
      deps.refuse(http, response, { fault: toFault(thrown), id });
    } finally {
      held.letGo();
    }
  };
}

/** One request message: whatever happens to it, its client gets exactly one answer. */
export async function serveRequest(decoded: Decoded, deps: ServeDeps): Promise<void> {
  let outcome: Outcome;
  deps.calls.begin(decoded);
  deps.observe?.begun(decoded);
  try {
    outcome = await run(decoded, deps);
  } catch (thrown) {
    outcome = { kind: 'fault', fault: toFault(thrown) };
  }
  const { message, httpStatus, headers } = deps.encode(decoded, outcome);
  decoded.reply.end(message, httpStatus, headers);
  deps.record(decoded, outcome);
  deps.calls.end(decoded, outcome);
  deps.observe?.ended(decoded, outcome, httpStatus);
  deps.local.discovery.ended(decoded, outcome);
}

/** May throw at once, too. */
function run(decoded: Decoded, deps: ServeDeps): Promise<Outcome> {
  if (!REVISION_TABLES[decoded.client.revision].requests.has(decoded.method)) throw new Fault('request.method_unknown');
  const local = LOCAL_HANDLERS.get(decoded.method);
  if (local !== undefined) return answerLocally(decoded, local, deps);
  const taken = deps.local.discovery.take(decoded, (nested) => serveNested(nested, deps));
  return taken === undefined ? callOrMembers(decoded, deps) : taken.then((answered) => answered ?? callOrMembers(decoded, deps));
}

async function answerLocally(decoded: Decoded, local: LocalHandler, deps: ServeDeps): Promise<Outcome> {
  return { kind: 'result', result: await local(decoded, deps.local) };
}

function callOrMembers(decoded: Decoded, deps: ServeDeps): Promise<Outcome> {
  return decoded.via === undefined ? call(decoded, deps) : callMembers(decoded, deps);
}

/** A call of a script goes the whole way too; its outcome goes back into the script. */
async function serveNested(nested: Decoded, deps: ServeDeps): Promise<Outcome> {
  let outcome: Outcome;
  deps.calls.begin(nested);
  deps.observe?.begun(nested);
  try {
    await deps.throttle(nested);
    outcome = await run(nested, deps);
  } catch (thrown) {
    outcome = { kind: 'fault', fault: toFault(thrown) };
  }
  deps.record(nested, outcome);
  deps.calls.end(nested, outcome);
  deps.observe?.ended(nested, outcome, undefined);
  deps.local.discovery.ended(nested, outcome);
  return outcome;
}

/** A call of a group goes to its next member where one cannot be reached. */
async function callMembers(decoded: Decoded, deps: ServeDeps): Promise<Outcome> {
  const { groups } = deps.local.discovery;
  for (;;) {
    const outcome = await call(decoded, deps).catch((thrown: unknown): Outcome => ({ kind: 'fault', fault: toFault(thrown) }));
    const advance = groups.next(decoded, outcome);
    if (advance === undefined) return withinBudget(decoded, outcome, deps.continuations);
    deps.record(decoded, outcome);
    deps.calls.end(decoded, outcome);
    groups.ended(decoded, outcome);
    advance();
    deps.calls.begin(Object.assign(decoded, { correlationId: `${decoded.correlationId}.next` }));
  }
}

/** May throw at once, too. */
function call(decoded: Decoded, deps: ServeDeps): Promise<Outcome> {
  const rest = deps.continuations.read(decoded);
  if (rest !== undefined) return Promise.resolve(rest);
  const found = resolve(decoded, deps.local);
  return found instanceof Promise ? found.then((resolved) => admitFirst(resolved, deps)) : admitFirst(found, deps);
}

/** Policy is asked twice: before the middleware, so that none can answer a denied call by itself, and after it, on the params that will really be sent. */
function admitFirst(resolved: Resolved, deps: ServeDeps): Promise<Outcome> {
  // An approval was for the target before: a group's next member, or another call of a script, needs its own.
  if (resolved.approval !== undefined) Object.assign(resolved, { approval: undefined, approvalId: undefined });
  const asked = admit(resolved, deps.admission);
  return asked instanceof Promise ? asked.then((admission) => passMiddleware(resolved, admission, deps)) : passMiddleware(resolved, asked, deps);
}

function passMiddleware(resolved: Resolved, admission: Admission, deps: ServeDeps): Promise<Outcome> {
  if (!isAdmitted(admission)) return Promise.resolve(admission);
  const { entry, server, own } = resolved.target;
  const chain = entry?.chain ?? stepsFor(resolved.endpoint.namespace, server, isAboutTask(resolved.method) ? undefined : own);
  // Nothing changed on the way: the admission stands.
  if (chain.length === 0) return dispatchAdmitted(admission, deps);
  const through = compose(
    chain,
    (params) => proceed(Object.assign(resolved, { upstreamParams: params }), deps),
    { method: resolved.method, server, own, definition: entry?.definition, principal: resolved.principal.id, services: servicesFor(resolved, deps.middlewareServices, deps.continuations) },
  );
  return through(resolved.upstreamParams);
}

function observed(admitted: Admitted, { observe, dispatch }: ServeDeps): Promise<Outcome> {
  return observe?.upstream === undefined ? dispatchSignedIn(admitted, dispatch) : observe.upstream(admitted, (seen) => dispatchSignedIn(seen, dispatch));
}

/** Past the middleware. */
function proceed(resolved: Resolved, deps: ServeDeps): Promise<Outcome> {
  const admission = admit(resolved, deps.admission);
  return admission instanceof Promise ? admission.then((found) => dispatchAdmitted(found, deps)) : dispatchAdmitted(admission, deps);
}

function dispatchAdmitted(admission: Admission, deps: ServeDeps): Promise<Outcome> {
  if (!isAdmitted(admission)) return Promise.resolve(admission);
  const held = reserve(admission, deps.reserve);
  return held instanceof Promise ? held.then((settle) => dispatchHeld(admission, settle, deps)) : dispatchHeld(admission, held, deps);
}

function dispatchHeld(admitted: Admitted, settle: Settle | undefined, deps: ServeDeps): Promise<Outcome> {
  return settle === undefined ? dispatchApproved(admitted, deps) : dispatchSettled(admitted, settle, deps);
}

/** What was reserved is given back when the call is over. */
async function dispatchSettled(admitted: Admitted, settle: Settle, deps: ServeDeps): Promise<Outcome> {
  let outcome: Outcome;
  try {
    outcome = await dispatchApproved(admitted, deps);
  } catch (thrown) {
    outcome = { kind: 'fault', fault: toFault(thrown) };
  }
  settle(outcome);
  return outcome;
}

/** An approval is spent before the call begins. */
function dispatchApproved(admitted: Admitted, deps: ServeDeps): Promise<Outcome> {
  if (deps.approvals === undefined || admitted.approval === undefined) return dispatchRecorded(admitted, deps);
  return deps.approvals.spend(admitted, () => dispatchRecorded(admitted, deps));
}

function dispatchRecorded(admitted: Admitted, deps: ServeDeps): Promise<Outcome> {
  return recorded(admitted, deps.calls, (call) => observed(call, deps));
}
