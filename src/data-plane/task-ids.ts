/**
 * Ids of tasks as clients see them: a server's own id and whose it is, sealed for one endpoint and principal. Nothing is
 * remembered, so an id outlives a restart; the same task always has the same id; and an id that is shown by anybody
 * else is as unknown as one that never was. Tasks of 2025-11-25 (basic/utilities/tasks) and the extension (SEP-2663).
 */
import { Fault } from '../base/fault.ts';
import type { Member } from '../model/namespace.ts';
import { RawObject } from '../protocol/envelope.ts';
import { isObject, type JsonObject } from '../protocol/messages.ts';
import { META } from '../protocol/meta.ts';
import type { Decoded } from './exchange.ts';

/** As `Sealer` of parking.ts, but equal texts become equal seals. */
export interface TaskSealer {
  sealSame(text: string, context: string): string;
  open(sealed: string, context: string): string | undefined;
}

/** For whom an id is made. */
export interface TaskViewer {
  readonly endpoint: string;
  readonly principal: string;
}

export class TaskIds {
  readonly #sealer: TaskSealer;

  constructor(sealer: TaskSealer) {
    this.#sealer = sealer;
  }

  toExposed(server: string, own: string, viewer: TaskViewer): string {
    return this.#sealer.sealSame(JSON.stringify([server, own]), contextOf(viewer));
  }

  /** Throws `routing.unknown` for whatever is no id of this viewer's. */
  find(exposed: unknown, exchange: Pick<Decoded, 'endpoint' | 'principal'>): { readonly member: Member; readonly own: string } {
    const text = typeof exposed === 'string' ? this.#sealer.open(exposed, contextOf(viewerOf(exchange))) : undefined;
    const [server, own] = text === undefined ? [] : (JSON.parse(text) as [string, string]);
    const member = exchange.endpoint.namespace.members.find((candidate) => candidate.server === server);
    if (member === undefined || own === undefined) throw new Fault('routing.unknown', { message: 'Unknown task' });
    return { member, own };
  }

  /** The result with the ids of its tasks exposed; the same object where there are none. */
  inResult(result: RawObject, server: string, viewer: TaskViewer): RawObject {
    if (!result.has('taskId') && !result.has('task') && !result.has('tasks') && result.member('_meta')?.includes(META.relatedTask) !== true) return result;
    const { task, tasks, ...rest } = result.value;
    const expose = (value: JsonObject): JsonObject => this.inMessage(value, server, viewer);
    return RawObject.of({
      ...expose(rest),
      ...(task === undefined ? {} : { task: isObject(task) ? expose(task) : task }),
      ...(tasks === undefined ? {} : { tasks: Array.isArray(tasks) ? tasks.map((one) => (isObject(one) ? expose(one) : one)) : tasks }),
    });
  }

  /** Params of a notification or of a server's question, or a task: `taskId` and the related task in `_meta` exposed. */
  inMessage(params: JsonObject, server: string, viewer: TaskViewer): JsonObject {
    return mapTaskIds(params, (own) => this.toExposed(server, own, viewer));
  }

  /** What a client answered a server, with the server's own ids back in place. Throws `routing.unknown`. */
  ownInMessage(params: JsonObject, exchange: Pick<Decoded, 'endpoint' | 'principal'>): JsonObject {
    return mapTaskIds(params, (exposed) => this.find(exposed, exchange).own);
  }
}

export function viewerOf({ endpoint, principal }: Pick<Decoded, 'endpoint' | 'principal'>): TaskViewer {
  return { endpoint: endpoint.name, principal: principal.id };
}

function contextOf({ endpoint, principal }: TaskViewer): string {
  return ['task', endpoint, principal].join('\n');
}

function mapTaskIds(params: JsonObject, change: (id: string) => string): JsonObject {
  const { taskId } = params;
  const meta = params['_meta'];
  const related = isObject(meta) ? meta[META.relatedTask] : undefined;
  const hasRelated = isObject(meta) && isObject(related) && typeof related['taskId'] === 'string';
  if (typeof taskId !== 'string' && !hasRelated) return params;
  return {
    ...params,
    ...(typeof taskId === 'string' ? { taskId: change(taskId) } : {}),
    ...(hasRelated ? { _meta: { ...meta, [META.relatedTask]: { ...related, taskId: change(String(related['taskId'])) } } } : {}),
  };
}
