/** What the data plane tells of each request goes to the log, the counters and the uses of keys; and what it is told of the process. */
import { getHeapStatistics } from 'node:v8';
import type { Clock } from '../base/clock.ts';
import type { ResolvedSettings } from '../config.ts';
import type { KeyUses } from '../control-plane/keys/key-uses.ts';
import type { DataPlaneDeps } from '../data-plane/data-plane.ts';
import type { RequestQueue } from '../listener/request-queue.ts';
import type { Publisher } from '../control-plane/publish.ts';
import { middlewareFailures, recordMetrics } from './gateway-metrics.ts';
import { watchLoad } from './load-watch.ts';
import type { Log } from '../observability/log.ts';
import { watchStore } from './store-watch.ts';
import type { Recording } from './recording.ts';
import { requestLine } from './request-line.ts';
import type { Storage } from '../storage/open-storage.ts';
import type { Telemetry } from './telemetry.ts';
import { paceOldGeneration } from './old-generation.ts';
import { boundYoungGeneration } from './young-generation.ts';

export interface ObservingDeps {
  readonly log: Log;
  readonly telemetry: Telemetry;
  readonly keyUses: KeyUses;
  readonly recording: Pick<Recording, 'recordings'>;
  readonly options: { readonly clock: Clock; readonly resolved: ResolvedSettings };
  readonly publisher: Publisher;
  readonly storage: Pick<Storage, 'dialect'>;
  readonly requests: Pick<RequestQueue, 'waitedMs'>;
  /** Runs at the end, in reverse. */
  readonly undo: (() => unknown)[];
}

export type Observing = Pick<DataPlaneDeps, 'write' | 'refused' | 'middlewareFailed' | 'collided' | 'observe' | 'overload'>;

export function createObserving({ log, telemetry, keyUses, recording, options, undo, publisher, storage, requests }: ObservingDeps): Observing {
  const load = watchLoad({
    clock: options.clock,
    heap: () => {
      const { used_heap_size: usedBytes, heap_size_limit: limitBytes } = getHeapStatistics();
      return { usedBytes, limitBytes };
    },
    waitedMs: () => requests.waitedMs,
    changed: (overload) => (overload === undefined ? log.info('load', { detail: 'new requests are taken again' }) : log.error('load', { detail: `new requests are refused: ${overload}` })),
  });
  undo.push(() => load.stop(), boundYoungGeneration(), paceOldGeneration());
  // The embedded database has no other gateway.
  const store = storage.dialect === 'sqlite' ? undefined : watchStore({ look: publisher.refresh, clock: options.clock, patienceMs: options.resolved.settings.databasePatienceMs, report: (problem) => log.error('database', { detail: problem }) });
  undo.push(() => store?.stop());
  const failures = middlewareFailures();
  telemetry.add(failures.source, ...recordMetrics(recording.recordings.state));
  return {
    overload: () => load.overload() ?? (store?.isBlind() === true ? 'storage' : undefined),
    observe: telemetry.observe,
    write: (record) => {
      if (record.keyId !== undefined) keyUses.used(record.keyId);
      log.request(requestLine(record));
      if (record.outcome === 'gateway.bug') log.error('request failed', { requestId: record.requestId, code: record.outcome, detail: record.detail });
    },
    refused: (fault) => {
      telemetry.tally?.refused(fault.code, fault.http);
      log.info('refused', { code: fault.code, detail: fault.detail });
    },
    middlewareFailed: (middleware, hook, detail) => {
      failures.failed(middleware);
      log.error('middleware failed', { middleware, hook, detail });
    },
    collided: (namespace, { kind, exposed, kept, hidden }) => log.warn('name collision', { namespace, kind, exposed, kept, hidden }),
  };
}
