/** One call under way: its progress, its end, and the way to cancel it. */
import { useEffect, useRef, useState } from 'react';
import type { JsonObject } from '../../mcp/protocol.ts';
import { useSession } from './session-context.ts';

export type CallState =
  | { readonly phase: 'idle' }
  | { readonly phase: 'running'; readonly progress: JsonObject | undefined; readonly cancel: () => void }
  | { readonly phase: 'done'; readonly result: JsonObject; readonly durationMs: number }
  | { readonly phase: 'failed'; readonly error: unknown; readonly durationMs: number };

export interface CallHandle {
  readonly state: CallState;
  readonly run: (method: string, params: JsonObject, inputSchema?: unknown) => void;
}

export function useCall(): CallHandle {
  const session = useSession();
  const [state, setState] = useState<CallState>({ phase: 'idle' });
  const running = useRef<AbortController>(undefined);
  useEffect(() => () => running.current?.abort(), []);
  const run: CallHandle['run'] = (method, params, inputSchema) => {
    running.current?.abort();
    const controller = new AbortController();
    running.current = controller;
    const startedMs = performance.now();
    const isNow = (): boolean => running.current === controller;
    const cancel = (): void => controller.abort();
    setState({ phase: 'running', progress: undefined, cancel });
    session
      .request(method, params, { signal: controller.signal, onProgress: (progress) => isNow() && setState({ phase: 'running', progress, cancel }), ...(inputSchema !== undefined && { inputSchema }) })
      .then(
        (result) => isNow() && setState({ phase: 'done', result, durationMs: performance.now() - startedMs }),
        (error: unknown) => isNow() && setState({ phase: 'failed', error, durationMs: performance.now() - startedMs }),
      );
  };
  return { state, run };
}
