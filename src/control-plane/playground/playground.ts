import { toIso } from '../../base/clock.ts';
import { Fault, toFault } from '../../base/fault.ts';
import { ClearPlayground, CompleteChat, GetPlayground, SetPlayground } from '../../contract/playground.ts';
import type { ChatEvent, ChatModel } from '../../model/chat.ts';
import type { Principal } from '../../model/principal.ts';
import { insertAuditEvent } from '../../storage/audit-events.ts';
import { deleteChatModel, findChatModel, openChatModel, type StoredChatModel, upsertChatModel } from '../../storage/chat-models.ts';
import type { Db } from '../../storage/schema.ts';
import { transact } from '../../storage/transaction.ts';
import { type Bound, bindRead, bindSteps, bindStream } from '../operation.ts';

const getPlayground = bindRead(GetPlayground, async ({ principal, db }) => show(await findChatModel(db, principal.id)));

const setPlayground = bindSteps(SetPlayground, ({ body, principal, services, commit }) =>
  commit(async (tx) => {
    const { envelope, clock } = services;
    const before = await openChatModel(tx, envelope, principal.id);
    const { url, model } = body;
    await upsertChatModel(tx, envelope, { principal: principal.id, url, model, key: keyFor(body, before), isOperators: isOperator(principal), atMs: clock.nowMs() });
    return { result: show(await findChatModel(tx, principal.id)), event: { subject: new URL(url).host, detail: { model, isNewKey: typeof body.key === 'string' } } };
  }),
);

/** A key goes nowhere but where it was meant for. */
function keyFor({ key, url }: { readonly key?: string | null | undefined; readonly url: string }, before: ChatModel | undefined): string | undefined {
  if (key !== undefined) return key ?? undefined;
  return before !== undefined && new URL(before.url).origin === new URL(url).origin ? before.key : undefined;
}

const clearPlayground = bindSteps(ClearPlayground, ({ principal, commit }) =>
  commit(async (tx) => {
    const wasThere = await deleteChatModel(tx, principal.id);
    return { result: show(undefined), event: { subject: principal.id, detail: { wasThere } } };
  }),
);

/** What is said is nobody else's business: the audit event names the model and its host only. */
const completeChat = bindStream(CompleteChat, async ({ body, principal, db, services }) => {
  const model = await getModel(db, principal, services.envelope);
  const event = { atMs: services.clock.nowMs(), principal: principal.id, action: CompleteChat.id, subject: new URL(model.url).host, detail: { model: model.model, messages: body.messages.length } };
  await transact(services.storage.db, (tx) => insertAuditEvent(tx, { ...event, outcome: 'started' }));
  const events = await services.chat.complete(model, body);
  return { contentType: 'text/event-stream', chunks: toEventStream(events) };
});

async function getModel(db: Db, principal: Principal, envelope: Parameters<typeof openChatModel>[1]): Promise<ChatModel> {
  const model = await openChatModel(db, envelope, principal.id);
  if (model === undefined) throw new Fault('request.conflict', { message: 'The playground is off: set the address of a model first.', reason: 'no_model' });
  // Whoever is no operator any more reaches no further than others.
  return { ...model, isOperators: model.isOperators && isOperator(principal) };
}

function isOperator({ kind, roles }: Principal): boolean {
  return kind === 'operator' || roles?.includes('operator') === true;
}

function toEventStream(events: AsyncIterable<ChatEvent>): AsyncIterable<string> {
  const iterator = events[Symbol.asyncIterator]();
  let isOver = false;
  return {
    [Symbol.asyncIterator]: () => ({
      async next() {
        if (isOver) return { done: true, value: undefined };
        try {
          const next = await iterator.next();
          if (next.done === true) return { done: true, value: undefined };
          const { kind, ...data } = next.value;
          return { done: false, value: toEvent(kind, data) };
        } catch (thrown) {
          isOver = true;
          const { code, message, data } = toFault(thrown);
          return { done: false, value: toEvent('failed', { code, title: message, errors: data?.['errors'] ?? [] }) };
        }
      },
      async return() {
        await iterator.return?.();
        return { done: true, value: undefined };
      },
    }),
  };
}

function toEvent(name: string, data: object): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}

function show(stored: StoredChatModel | undefined) {
  if (stored === undefined) return { model: null };
  const { url, model, hasKey, updatedAtMs } = stored;
  return { model: { url, model, hasKey, updatedAt: toIso(updatedAtMs) } };
}

export const PLAYGROUND_OPERATIONS: readonly Bound[] = [getPlayground, setPlayground, clearPlayground, completeChat];
