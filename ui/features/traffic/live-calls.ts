/** Requests as they end: one stream of server-sent events, gathered so that a busy gateway does not draw the page all the time. */
import { useEffect, useState } from 'react';
import type { Call } from './traffic-call.ts';

const GATHER_MS = 200;
/** What came live; older ones are in the history when the page is opened again. */
const KEPT_MAX = 2_000;

export interface LiveCalls {
  readonly calls: readonly Call[];
  readonly isOpen: boolean;
  /** So many were not told, because this page was too slow. */
  readonly missed: number;
}

const NONE: LiveCalls = { calls: [], isOpen: false, missed: 0 };

/** `query`: filters as the API wants them. Newest first; empty where it is off. */
export function useLiveCalls(query: string, isOn: boolean): LiveCalls {
  const [live, setLive] = useState<LiveCalls>(NONE);
  const question = `${isOn} ${query}`;
  const [asked, setAsked] = useState(question);
  if (asked !== question) {
    setAsked(question);
    setLive(NONE);
  }
  useEffect(() => {
    if (!isOn) return undefined;
    const stream = new EventSource(`/api/v1/traffic/live${query === '' ? '' : `?${query}`}`);
    let waiting: Call[] = [];
    let timer: number | undefined;
    const flush = (): void => {
      timer = undefined;
      const came = waiting.toReversed();
      waiting = [];
      setLive((before) => ({ ...before, calls: [...came, ...before.calls].slice(0, KEPT_MAX) }));
    };
    stream.addEventListener('open', () => setLive((before) => ({ ...before, isOpen: true })));
    stream.addEventListener('error', () => setLive((before) => ({ ...before, isOpen: false })));
    stream.addEventListener('call', (message: MessageEvent<string>) => {
      waiting.push(JSON.parse(message.data) as Call);
      timer ??= window.setTimeout(flush, GATHER_MS);
    });
    stream.addEventListener('gap', (message: MessageEvent<string>) => {
      const { missed } = JSON.parse(message.data) as { readonly missed: number };
      setLive((before) => ({ ...before, missed: before.missed + missed }));
    });
    return () => {
      stream.close();
      window.clearTimeout(timer);
    };
  }, [query, isOn]);
  return live;
}
