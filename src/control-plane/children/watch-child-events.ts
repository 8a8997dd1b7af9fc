import { type Clock, toIso } from '../../base/clock.ts';
import { Fault } from '../../base/fault.ts';
import { WatchChildEvents } from '../../contract/on-demand.ts';
import type { ChildEvent } from '../../model/child-event.ts';
import type { OnDemandServices } from '../on-demand-services.ts';
import { bindStream } from '../operation.ts';

/** So many events wait for a reader; the oldest are missed beyond that, and it is told so. */
const WAITING_MAX = 500;
const HEARTBEAT_MS = 15_000;

/** Faults: `limit.overloaded` where too many watch. */
export const watchChildEvents = bindStream(WatchChildEvents, async ({ query, services }) => {
  const { onDemand, clock } = services;
  if (onDemand === undefined) throw new Fault('request.not_found');
  const wants = (event: ChildEvent): boolean => (query.kind === undefined || event.kind === query.kind) && (query.serverId === undefined || event.serverId === query.serverId);
  const chunks = openStream(onDemand, wants, clock);
  if (chunks === undefined) throw new Fault('limit.overloaded', { message: 'Too many watch already.' });
  return { contentType: 'text/event-stream', chunks };
});

/** Undefined where there are too many readers. */
function openStream(onDemand: OnDemandServices, wants: (event: ChildEvent) => boolean, clock: Clock): AsyncIterable<string> | undefined {
  const waiting: string[] = [': watching\n\n'];
  let wake: () => void = () => undefined;
  const stop = onDemand.followEvents((event) => {
    if (!wants(event)) return;
    const { atMs, ...rest } = event;
    if (waiting.length >= WAITING_MAX) waiting.splice(0, waiting.length, 'event: gap\ndata: {}\n\n');
    waiting.push(`event: child\nid: ${event.id}\ndata: ${JSON.stringify({ ...rest, at: toIso(atMs) })}\n\n`);
    wake();
  });
  if (stop === undefined) return undefined;
  const somethingNew = (): Promise<void> =>
    new Promise((resolve) => {
      const cancel = clock.after(HEARTBEAT_MS, () => {
        waiting.push(': still here\n\n');
        resolve();
      });
      wake = () => {
        cancel();
        resolve();
      };
    });
  return (async function* events() {
    try {
      for (;;) {
        if (waiting.length > 0) yield waiting.splice(0).join('');
        else await somethingNew();
      }
    } finally {
      stop();
    }
  })();
}
