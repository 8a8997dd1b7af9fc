/**
 * Binds an operation of the contract to the function that does it.
 *
 * There are four kinds. A *read* changes nothing. A *change* is one transaction with its audit event, so neither is
 * ever there alone, and is published before it is answered. An *action* works on the live side, which no transaction
 * can undo: its audit event is written before it begins, and another says how it ended. *Steps* do what must not happen
 * inside a transaction (hashing a password, asking an identity provider) and commit what they change with its event.
 */

import type { InstanceKey } from '../auth/instance-key.ts';
import type { Clock } from '../base/clock.ts';
import { toFault } from '../base/fault.ts';
import type { RandomBytes } from '../base/ids.ts';
import type { GetConfig } from '../contract/config.ts';
import type { AnswerOf, InputOf, Operation, Permission } from '../contract/operation.ts';
import type { Locate } from '../model/config-problem.ts';
import type { FixedSettings, LiveSettings } from '../model/live-settings.ts';
import type { Principal } from '../model/principal.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { insertAuditEvent } from '../storage/audit-events.ts';
import type { Envelope } from '../storage/data-keys.ts';
import type { Storage } from '../storage/open-storage.ts';
import type { Db, Tx } from '../storage/schema.ts';
import { query, transact } from '../storage/transaction.ts';
import type { Browser } from './browser.ts';
import type { ConfigDraft } from './configuration/draft.ts';
import type { Viewer } from './configuration/visibility.ts';
import type { LiveConsents } from './live-consents.ts';
import type { LiveDiscovery } from './discovery/live-discovery.ts';
import type { LiveGrants } from './grants/live-grants.ts';
import type { LiveApprovals } from './approvals/live-approvals.ts';
import type { LiveGovernance } from './live-governance.ts';
import { answerOnce } from './idempotency.ts';
import type { LiveInspections } from './live-inspections.ts';
import type { LiveDefinitions } from './live-definitions.ts';
import type { LiveReplicas } from './live-replicas.ts';
import type { LiveServers } from './live-servers.ts';
import type { LiveSessions } from './live-sessions.ts';
import type { OnDemandServices } from './on-demand-services.ts';
import type { PeopleServices } from './people-services.ts';
import type { Change, Publisher } from './publish.ts';
import type { LiveChat } from './playground/live-chat.ts';
import type { Recordings } from './recording.ts';
import type { WorkflowServices } from './workflow-services.ts';

/** Settings that change while the gateway runs. */
export interface InstanceSettings {
  /** What flags and variables of the start decide. */
  readonly fixed: FixedSettings;
  /** As they were published last. */
  readonly now: () => LiveSettings;
}

/** What operations work on. */
export interface AdminServices {
  readonly storage: Storage;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly instanceKey: InstanceKey;
  readonly live: LiveServers;
  /** Why new requests are refused now, in a word; undefined: they are not. */
  readonly overload?: (() => string | undefined) | undefined;
  readonly discovery: LiveDiscovery;
  readonly envelope: Envelope;
  readonly grants: LiveGrants;
  readonly consents: LiveConsents;
  readonly approvals: LiveApprovals;
  readonly governance: LiveGovernance;
  readonly sessions: LiveSessions;
  readonly inspections: LiveInspections;
  readonly replicas: LiveReplicas;
  /** Language models of the playground. */
  readonly chat: LiveChat;
  readonly definitions: LiveDefinitions;
  readonly people: PeopleServices;
  /** Templates and servers on demand; undefined where there are none. */
  readonly onDemand?: OnDemandServices | undefined;
  /** Workflows that can run; undefined where there are none. */
  readonly workflows?: WorkflowServices | undefined;
  readonly settings: InstanceSettings;
  readonly recordings: Recordings;
  readonly snapshot: () => Snapshot;
  /** The objects of the snapshot, with owners and in clear: mask what leaves. */
  readonly objects: Publisher['objects'];
  /** Makes and swaps in a new snapshot from what is stored. */
  readonly publish: () => Promise<void>;
  /** One transaction that is compiled before it ends and in place when this resolves. */
  readonly change: Publisher['change'];
  /** The configuration file that was given at start and is followed; undefined where there is none. */
  readonly configFile: string | undefined;
  /** Where `logs/` lies. */
  readonly dataFolder: string;
  readonly describeConfig: () => Pick<AnswerOf<typeof GetConfig>, 'document' | 'settings'>;
  /** Base address for people, without a slash at the end. */
  readonly publicUrl: () => string;
}

/** One request on its way to its handler. */
export interface OperationRequest {
  /** Parsed by the operation's own schemas. */
  readonly input: InputOf<Operation>;
  readonly principal: Principal;
  readonly permissions: ReadonlySet<Permission>;
  readonly headers: RequestHeaders;
  readonly browser: Browser;
  readonly services: AdminServices;
}

/** What operations read of a request's head. */
export interface RequestHeaders {
  /** RFC 9110 section 13.1.1: do it only to this version. */
  readonly ifMatch: string | undefined;
  /** The same request sent again is done once. */
  readonly idempotencyKey: string | undefined;
}

/** An operation with its handler; the types of its input and answer are checked where it is bound. */
export interface Bound {
  readonly operation: Operation;
  run(request: OperationRequest): Promise<unknown>;
}

/** The part of the audit event that the handler knows. */
interface Event {
  /** What it was done to: an id or name. */
  readonly subject: string;
  /** No secret. */
  readonly detail?: Readonly<Record<string, unknown>>;
}

type HandlerRequest<O extends Operation> = InputOf<O> & {
  readonly principal: Principal;
  readonly viewer: Viewer;
  readonly ifMatch: string | undefined;
  readonly browser: Browser;
  readonly services: AdminServices;
};

interface Changed<O extends Operation> {
  readonly answer: AnswerOf<O>;
  readonly event: Event;
  /** Kept with the version of the configuration; without it, the id of the operation. */
  readonly reason?: string | undefined;
  readonly locate?: Locate | undefined;
  readonly warnings?: readonly string[];
  /** Compiled and then undone; leaves no audit event. */
  readonly isTrial?: boolean;
  /** Done once the change is in place: what no transaction can undo. */
  readonly after?: () => void | Promise<void>;
}

export function bindRead<O extends Operation>(operation: O, handle: (request: HandlerRequest<O> & { readonly db: Db }) => Promise<AnswerOf<O>>): Bound {
  return {
    operation,
    run: (request) => query(request.services.storage.db, (db) => handle({ ...toHandler<O>(request), db })),
  };
}

/** An answer in parts, made as fast as its reader takes them; ends early where the reader goes. */
export class StreamedAnswer {
  readonly contentType: string;
  readonly chunks: AsyncIterable<string>;
  /** Under which browsers keep it; undefined: they show it. */
  readonly fileName: string | undefined;

  constructor(answer: { readonly contentType: string; readonly chunks: AsyncIterable<string>; readonly fileName?: string }) {
    this.contentType = answer.contentType;
    this.chunks = answer.chunks;
    this.fileName = answer.fileName;
  }
}

/** A read whose answer comes in parts. */
export function bindStream<O extends Operation>(
  operation: O,
  handle: (request: HandlerRequest<O> & { readonly db: Db }) => Promise<ConstructorParameters<typeof StreamedAnswer>[0]>,
): Bound {
  return {
    operation,
    run: (request) => query(request.services.storage.db, async (db) => new StreamedAnswer(await handle({ ...toHandler<O>(request), db }))),
  };
}

export function bindChange<O extends Operation>(
  operation: O,
  handle: (request: HandlerRequest<O> & { readonly tx: Tx; readonly draft: ConfigDraft }) => Promise<Changed<O>>,
): Bound {
  return {
    operation,
    async run(request) {
      let after: Changed<O>['after'];
      const result = await request.services.change(request.principal.id, async (draft): Promise<Change<AnswerOf<O>>> => {
        const once = await answerOnce(draft.tx, operation, request);
        if (once.answer !== undefined) return { result: once.answer as AnswerOf<O>, reason: operation.id };
        const { answer, event, reason, isTrial = false, after: later, ...more } = await handle({ ...toHandler<O>(request), tx: draft.tx, draft });
        if (!isTrial) after = later;
        if (!isTrial) {
          await insertAuditEvent(draft.tx, { ...toAuditEvent(operation, request, event), outcome: 'done' });
          await once.keep(answer);
        }
        return { result: answer, reason: reason ?? operation.id, isTrial, ...more };
      });
      await after?.();
      return result;
    },
  };
}

/** What was done, and by whom where that is not who asked: nobody is signed in before a sign-in. */
export interface Committed<Result> {
  readonly result: Result;
  readonly event: Event & { readonly principal?: string; readonly outcome?: 'done' | 'denied' };
}

/** One transaction: the change and its audit event. Publishes nothing. */
export type Commit = <Result>(work: (tx: Tx) => Promise<Committed<Result>>) => Promise<Result>;

export type StepsRequest<O extends Operation> = HandlerRequest<O> & { readonly commit: Commit };

export function bindSteps<O extends Operation>(operation: O, handle: (request: StepsRequest<O>) => Promise<AnswerOf<O>>): Bound {
  return {
    operation,
    run: (request) => {
      const commit: Commit = (work) =>
        transact(request.services.storage.db, async (tx) => {
          const { result, event } = await work(tx);
          const { principal = request.principal.id, outcome = 'done', ...rest } = event;
          await insertAuditEvent(tx, { ...toAuditEvent(operation, request, rest), principal, outcome });
          return result;
        });
      return handle({ ...toHandler<O>(request), commit });
    },
  };
}

export interface ActionHandlers<O extends Operation> {
  /** Refuses what cannot be begun. */
  begin(request: HandlerRequest<O>): Event;
  act(request: HandlerRequest<O>): Promise<AnswerOf<O>>;
}

export function bindAction<O extends Operation>(operation: O, handlers: ActionHandlers<O>): Bound {
  return {
    operation,
    async run(request) {
      const { db } = request.services.storage;
      const typed = toHandler<O>(request);
      const event = handlers.begin(typed);
      const record = (outcome: 'started' | 'done' | 'failed', more: Readonly<Record<string, unknown>> = {}): Promise<void> =>
        transact(db, (tx) => insertAuditEvent(tx, { ...toAuditEvent(operation, request, { ...event, detail: { ...event.detail, ...more } }), outcome }));
      await record('started');
      try {
        const answer = await handlers.act(typed);
        await record('done');
        return answer;
      } catch (thrown) {
        await record('failed', { code: toFault(thrown).code });
        throw thrown;
      }
    },
  };
}

/** The one cast: `serve` parsed the input with the schemas of this very operation. */
function toHandler<O extends Operation>(request: OperationRequest): HandlerRequest<O> {
  const { principal, permissions, headers, browser, services } = request;
  return { ...(request.input as InputOf<O>), principal, viewer: { principalId: principal.id, permissions }, ifMatch: headers.ifMatch, browser, services };
}

function toAuditEvent(operation: Operation, request: OperationRequest, event: Event) {
  return {
    atMs: request.services.clock.nowMs(),
    principal: request.principal.id,
    action: operation.id,
    subject: event.subject,
    detail: event.detail ?? {},
  };
}
