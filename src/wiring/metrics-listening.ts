/** Where `/metrics` is: beside the other addresses, or on a listener of its own. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { listen } from '../listener/listening.ts';
import { createMetricsDoor, isMetrics, type MetricsDoorDeps } from './metrics-door.ts';
import type { Settings } from '../model/settings.ts';

export interface MetricsListening {
  /** Answers it where it is a request for metrics on the common listener. */
  readonly serves: (http: IncomingMessage, response: ServerResponse) => boolean;
  /** Of the listener of its own; undefined where there is none. */
  readonly port: number | undefined;
  readonly close: () => Promise<void>;
}

const DRAIN_MS = 1_000;

/** Rejects with `config.invalid` where the port is taken. */
export async function listenForMetrics({ host, metrics, metricsPort }: Pick<Settings, 'host' | 'metrics' | 'metricsPort'>, deps: MetricsDoorDeps): Promise<MetricsListening> {
  const door = createMetricsDoor(deps);
  if (!metrics) return { serves: () => false, port: undefined, close: () => Promise.resolve() };
  if (metricsPort === undefined) {
    const serves: MetricsListening['serves'] = (http, response) => {
      if (!isMetrics(http.url)) return false;
      void door(http, response);
      return true;
    };
    return { serves, port: undefined, close: () => Promise.resolve() };
  }
  const listening = await listen({ host, port: metricsPort, isOwn: true }, (http, response) => void door(http, response), deps.clock);
  return { serves: () => false, port: listening.port, close: () => listening.close(DRAIN_MS) };
}
