import type { CallRecord } from '../../audit/audit-record.ts';
import type { Watcher } from '../../audit/live-feed.ts';
import type { Clock } from '../../base/clock.ts';
import { Fault } from '../../base/fault.ts';
import { WatchTraffic } from '../../contract/traffic.ts';
import { bindStream } from '../operation.ts';
import { narrowed, toRecordQuery, visiblePrincipals } from '../recorded-request.ts';
import type { Recordings } from '../recording.ts';
import { showCall } from './list-traffic.ts';

/** So many events wait for a reader; more are missed, and it is told how many. */
const WAITING_MAX = 500;
const HEARTBEAT_MS = 15_000;

/** Faults: `limit.overloaded` where too many watch. What a viewer may see is decided as it begins. */
export const watchTraffic = bindStream(WatchTraffic, async ({ query, db, viewer, services }) => {
  const { calls, principal, ...filter } = query;
  const visible = narrowed(principal, await visiblePrincipals(db, viewer));
  const principals = visible && new Set(visible);
  const { credential, endpoint, server, tool, method, outcome, effect } = toRecordQuery(filter);
  const wants = (record: CallRecord): boolean =>
    (principals === undefined || (record.principal !== undefined && principals.has(record.principal.id))) &&
    (!calls || record.server !== undefined) &&
    isSame(credential, record.key) &&
    isSame(endpoint, record.endpoint) &&
    isSame(server, record.server) &&
    isSame(tool, record.tool) &&
    isSame(method, record.method) &&
    isSame(effect, record.decision?.effect) &&
    (outcome === 'failed' ? record.outcome !== 'ok' : isSame(outcome, record.outcome));
  const stream = openStream(services.recordings.feed, wants, services.clock);
  if (stream === undefined) throw new Fault('limit.overloaded', { message: 'Too many watch already.' });
  return { contentType: 'text/event-stream', chunks: stream };
});

function isSame(wanted: string | undefined, is: string | undefined): boolean {
  return wanted === undefined || wanted === is;
}

/** Undefined where there are too many readers. */
function openStream(feed: Recordings['feed'], wants: Watcher['wants'], clock: Clock): AsyncIterable<string> | undefined {
  const waiting: string[] = [': watching\n\n'];
  let missed = 0;
  let isOver = false;
  let wake: () => void = () => undefined;
  const stop = feed.watch({
    wants,
    send: (record) => {
      if (waiting.length >= WAITING_MAX) {
        missed++;
        return false;
      }
      if (missed > 0) waiting.push(`event: gap\ndata: {"missed":${missed}}\n\n`);
      missed = 0;
      waiting.push(`event: call\nid: ${record.id}\ndata: ${JSON.stringify(showCall(record))}\n\n`);
      wake();
      return true;
    },
    ended: () => {
      isOver = true;
      wake();
    },
  });
  if (stop === undefined) return undefined;
  return (async function* events() {
    try {
      for (;;) {
        if (waiting.length > 0) yield waiting.splice(0).join('');
        else if (isOver) return;
        else await somethingNew();
      }
    } finally {
      stop();
    }
  })();

  function somethingNew(): Promise<void> {
    return new Promise((resolve) => {
      const cancel = clock.after(HEARTBEAT_MS, () => {
        waiting.push(': still here\n\n');
        resolve();
      });
      wake = () => {
        cancel();
        resolve();
      };
    });
  }
}
