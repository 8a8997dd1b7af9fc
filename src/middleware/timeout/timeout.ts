/** Timeout: ends a call for the client after a while. The server is not told; its own limit ends the call there. */
import { z } from 'zod';
import { TIMER_MS_MAX } from '../../base/clock.ts';
import { Fault } from '../../base/fault.ts';
import type { CallOutcome } from '../../model/middleware.ts';
import { MANIFEST_VERSION, type Manifest } from '../manifest.ts';

const Options = z.strictObject({ timeoutMs: z.int().min(1).max(TIMER_MS_MAX) });

export const timeout: Manifest<typeof Options> = {
  manifestVersion: MANIFEST_VERSION,
  name: 'timeout',
  version: '1.0.0',
  description: 'Ends calls that take too long.',
  options: Options,
  onFailure: 'closed',
  resultBytesMax: Number.MAX_SAFE_INTEGER,
  create: ({ timeoutMs }) => ({
    around: (params, next, { services, server }) => {
      if (services === undefined) return Promise.reject(new Fault('gateway.bug', { detail: 'timeout: no clock', effect: 'not_executed' }));
      return new Promise<CallOutcome>((resolve, reject) => {
        const stop = services.clock.after(timeoutMs, () =>
          resolve({ kind: 'fault', fault: new Fault('upstream.timeout', { server, detail: `middleware timeout, ${timeoutMs} ms` }) }),
        );
        next(params).then(resolve, reject).finally(stop);
      });
    },
  }),
};
