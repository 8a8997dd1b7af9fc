/**
 * Binds an operation of the contract to the function that does it.
 *
 * There are three kinds. A *read* changes nothing. A *change* is one transaction with its audit event, so neither is
 * ever there alone, and is published before it is answered. An *action* works on the live side, which no transaction
 * can undo: its audit event is written before it begins, and another says how it ended.
 */

import type { InstanceKey } from '../auth/instance-key.ts';
import type { Clock } from '../base/clock.ts';
import { toFault } from '../base/fault.ts';
import type { RandomBytes } from '../base/ids.ts';
import type { GetConfig } from '../contract/config.ts';
import type { AnswerOf, InputOf, Operation } from '../contract/operation.ts';
import type { Principal } from '../model/principal.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { insertAuditEvent } from '../storage/audit-events.ts';
import type { Storage } from '../storage/open-storage.ts';
import type { Db, Tx } from '../storage/schema.ts';
import { query, transact } from '../storage/transaction.ts';
import type { LiveServers } from './live-servers.ts';

/** What operations work on. */
export interface AdminServices {
  readonly storage: Storage;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly instanceKey: InstanceKey;
  readonly live: LiveServers;
  readonly snapshot: () => Snapshot;
  /** Makes and swaps in a new snapshot from what is stored. */
  readonly publish: () => Promise<void>;
  readonly describeConfig: () => Pick<AnswerOf<typeof GetConfig>, 'document' | 'settings'>;
  /** Base address for people, without a slash at the end. */
  readonly publicUrl: () => string;
}

interface Request {
  /** Parsed by the operation's own schemas. */
  readonly input: InputOf<Operation>;
  readonly principal: Principal;
  readonly services: AdminServices;
}

/** An operation with its handler; the types of its input and answer are checked where it is bound. */
export interface Bound {
  readonly operation: Operation;
  run(request: Request): Promise<unknown>;
}

/** The part of the audit event that the handler knows. */
interface Event {
  /** What it was done to: an id or name. */
  readonly subject: string;
  /** No secret. */
  readonly detail?: Readonly<Record<string, unknown>>;
}

type HandlerRequest<O extends Operation> = InputOf<O> & { readonly principal: Principal; readonly services: AdminServices };

export function bindRead<O extends Operation>(operation: O, handle: (request: HandlerRequest<O> & { readonly db: Db }) => Promise<AnswerOf<O>>): Bound {
  return {
    operation,
    run: (request) => query(request.services.storage.db, (db) => handle({ ...toHandler<O>(request), db })),
  };
}

export function bindChange<O extends Operation>(
  operation: O,
  handle: (request: HandlerRequest<O> & { readonly tx: Tx }) => Promise<{ readonly answer: AnswerOf<O>; readonly event: Event }>,
): Bound {
  return {
    operation,
    async run(request) {
      const { storage, publish } = request.services;
      const answer = await transact(storage.db, async (tx) => {
        const change = await handle({ ...toHandler<O>(request), tx });
        await insertAuditEvent(tx, { ...toAuditEvent(operation, request, change.event), outcome: 'done' });
        return change.answer;
      });
      await publish();
      return answer;
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
function toHandler<O extends Operation>(request: Request): HandlerRequest<O> {
  return { ...(request.input as InputOf<O>), principal: request.principal, services: request.services };
}

function toAuditEvent(operation: Operation, request: Request, event: Event) {
  return {
    atMs: request.services.clock.nowMs(),
    principal: request.principal.id,
    action: operation.id,
    subject: event.subject,
    detail: event.detail ?? {},
  };
}
