import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { refresh } from '../../api/queries.ts';

const STREAM_URL = '/api/v1/child-events/stream';
/** Many events in a row are read once. */
const GATHER_MS = 150;

/** Reads servers on demand and their events again when something happens to one. True while the stream is open. */
export function useChildEvents(isAllowed: boolean): boolean {
  const client = useQueryClient();
  const [isLive, setLive] = useState(false);
  useEffect(() => {
    if (!isAllowed) return undefined;
    const stream = new EventSource(STREAM_URL);
    let timer: number | undefined;
    const note = (): void => {
      timer ??= window.setTimeout(() => {
        timer = undefined;
        refresh(client, 'children');
        refresh(client, 'child-events');
      }, GATHER_MS);
    };
    stream.addEventListener('open', () => setLive(true));
    stream.addEventListener('error', () => setLive(false));
    stream.addEventListener('child', note);
    // Some were missed; what is read again has them.
    stream.addEventListener('gap', note);
    return () => {
      stream.close();
      window.clearTimeout(timer);
    };
  }, [client, isAllowed]);
  return isLive;
}
