/** Approvals put together: what the data plane asks of them, and what the admin API tells, over the stored ones. */
import { hash } from 'node:crypto';
import type { KeyedDigest } from '../base/keyed-digest.ts';
import type { Clock } from '../base/clock.ts';
import { newId, type RandomBytes } from '../base/ids.ts';
import type { LiveApprovals } from '../control-plane/approvals/live-approvals.ts';
import type { ApprovalAnswer, ApprovalAsk, ApprovalDesk } from '../data-plane/approval.ts';
import { createRedactor } from '../middleware/redact/redactor.ts';
import type { Approval } from '../model/approval.ts';
import { canonicalJson } from '../protocol/canonical.ts';
import { approvalsMark, consumeStoredApproval, expireApprovals, findApproval, findOpenApproval, insertApproval } from '../storage/approvals.ts';
import { insertAuditEvent } from '../storage/audit-events.ts';
import type { Storage } from '../storage/open-storage.ts';
import { query, transact } from '../storage/transaction.ts';

/** Where people decide; the id follows. */
export const APPROVE_PATH = '/approve/';
/** Another gateway may have decided: whoever waits looks so often. */
const LOOK_MS = 1_000;

export interface ApprovalsPartDeps {
  readonly storage: Storage;
  readonly clock: Clock;
  readonly random: RandomBytes;
  /** Base address for people, without a slash at the end. */
  readonly publicUrl: () => string;
  /** Of arguments, which are shown without their secrets. */
  readonly digest: KeyedDigest;
}

export interface ApprovalsPart {
  readonly desk: ApprovalDesk;
  readonly live: LiveApprovals;
}

export function createApprovalsPart(deps: ApprovalsPartDeps): ApprovalsPart {
  const { db } = deps.storage;
  const watch = createWatch(deps.clock);
  const toAnswer = ({ id, state, note }: Approval): ApprovalAnswer => ({ id, url: `${deps.publicUrl()}${APPROVE_PATH}${id}`, state: state === 'approved' || state === 'denied' ? state : 'pending', note });
  const findDecided = async (id: string): Promise<ApprovalAnswer | undefined> => {
    const approval = await query(db, (connection) => findApproval(connection, id));
    return approval === undefined || approval.state === 'pending' ? undefined : toAnswer(approval);
  };
  const desk: ApprovalDesk = {
    request: async (ask) => {
      const { approval, isNew } = await request(deps, ask);
      if (isNew) watch.changed();
      return toAnswer(approval);
    },
    whenDecided: (id, wait) => watch.until(() => findDecided(id), wait),
    consume: async (id) => {
      const isConsumed = await consume(deps, id);
      watch.changed();
      return isConsumed;
    },
  };
  const findOtherMark = async (mark: string): Promise<string | undefined> => {
    const now = await query(db, approvalsMark);
    return now === mark ? undefined : now;
  };
  const whenChanged = async (mark: string, timeoutMs: number): Promise<string> =>
    (await watch.until(() => findOtherMark(mark), { timeoutMs, cancelled: new Promise(() => undefined) })) ?? mark;
  return { desk, live: { changed: watch.changed, whenChanged } };
}

interface Watch {
  /** Whoever waits looks again. */
  readonly changed: () => void;
  /** Looks now, after each change here, and every second, until `look` finds something or the wait is over. */
  readonly until: <Found>(look: () => Promise<Found | undefined>, wait: { readonly timeoutMs: number; readonly cancelled: Promise<unknown> }) => Promise<Found | undefined>;
}

function createWatch(clock: Clock): Watch {
  const listeners = new Set<() => void>();
  const changed = (): void => {
    for (const listener of [...listeners]) listener();
  };
  return {
    changed,
    async until(look, wait) {
      const deadlineMs = clock.monotonicMs() + wait.timeoutMs;
      const given: { up: boolean } = { up: false };
      void wait.cancelled.then(() => {
        given.up = true;
        changed();
      });
      for (;;) {
        const { promise: next, resolve } = Promise.withResolvers<void>();
        listeners.add(resolve);
        const leftMs = deadlineMs - clock.monotonicMs();
        const stopTimer = clock.after(Math.min(LOOK_MS, Math.max(leftMs, 0)), resolve);
        try {
          const found = await look();
          if (found !== undefined || leftMs <= 0 || given.up) return found;
          await next;
        } finally {
          stopTimer();
          listeners.delete(resolve);
        }
      }
    },
  };
}

async function request({ storage, clock, random, digest }: ApprovalsPartDeps, ask: ApprovalAsk): Promise<{ readonly approval: Approval; readonly isNew: boolean }> {
  const nowMs = clock.nowMs();
  const argumentsDigest = digest(canonicalJson(ask.arguments));
  const binding = hash('sha256', JSON.stringify([ask.principal.id, ask.endpoint, ask.server, ask.method, ask.name, argumentsDigest]));
  const open = await query(storage.db, (db) => findOpenApproval(db, binding));
  if (open !== undefined && open.expiresAtMs > nowMs) return { approval: open, isNew: false };
  const made = toApproval(ask, { id: newId('approval', clock, random), argumentsDigest, nowMs });
  return transact(storage.db, async (tx) => {
    await expireApprovals(tx, nowMs);
    if (await insertApproval(tx, made, binding)) {
      await insertAuditEvent(tx, { atMs: nowMs, principal: made.principal, action: 'requestApproval', subject: made.id, outcome: 'done', detail: { endpoint: made.endpoint, server: made.server, name: made.name, rule: made.rule } });
      return { approval: made, isNew: true };
    }
    // Another call like it, here or at another gateway, was first.
    return { approval: (await findOpenApproval(tx, binding)) ?? made, isNew: false };
  });
}

const redactor = createRedactor({ secrets: true, personal: [], action: 'redact' });

function toApproval(ask: ApprovalAsk, { id, argumentsDigest, nowMs }: { readonly id: string; readonly argumentsDigest: string; readonly nowMs: number }): Approval {
  const { principal, endpoint, namespace, server, method, name, rule, reason, terms } = ask;
  return {
    id,
    state: 'pending',
    principal: principal.id,
    principalKind: principal.kind,
    principalName: principal.name,
    credential: principal.credentialId,
    endpoint,
    namespace,
    server,
    method,
    name,
    argumentsDigest,
    arguments: redactor.value(ask.arguments),
    rule,
    reason,
    terms,
    requestedAtMs: nowMs,
    expiresAtMs: nowMs + terms.validMs,
    decidedAtMs: undefined,
    decidedBy: undefined,
    note: undefined,
    usedAtMs: undefined,
  };
}

async function consume({ storage, clock }: ApprovalsPartDeps, id: string): Promise<boolean> {
  const nowMs = clock.nowMs();
  return transact(storage.db, async (tx) => {
    if (!(await consumeStoredApproval(tx, id, nowMs))) return false;
    const approval = await findApproval(tx, id);
    await insertAuditEvent(tx, { atMs: nowMs, principal: approval?.principal ?? '', action: 'useApproval', subject: id, outcome: 'done', detail: { server: approval?.server, name: approval?.name } });
    return true;
  });
}
