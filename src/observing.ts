/** What the data plane tells of each request goes to the log, the counters and the uses of keys. */
import type { KeyUses } from './control-plane/keys/key-uses.ts';
import type { DataPlaneDeps } from './data-plane/data-plane.ts';
import { middlewareFailures, recordMetrics } from './gateway-metrics.ts';
import type { Log } from './observability/log.ts';
import type { Recording } from './recording.ts';
import { toRequestLine } from './request-line.ts';
import type { Telemetry } from './telemetry.ts';

export interface ObservingDeps {
  readonly log: Log;
  readonly telemetry: Telemetry;
  readonly keyUses: KeyUses;
  readonly recording: Pick<Recording, 'recordings'>;
}

export type Observing = Pick<DataPlaneDeps, 'write' | 'refused' | 'middlewareFailed' | 'collided' | 'observe'>;

export function createObserving({ log, telemetry, keyUses, recording }: ObservingDeps): Observing {
  const failures = middlewareFailures();
  telemetry.add(failures.source, ...recordMetrics(recording.recordings.state));
  return {
    observe: telemetry.observe,
    write: (record) => {
      if (record.keyId !== undefined) keyUses.used(record.keyId);
      log.request(toRequestLine(record));
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
