/** What changes elsewhere is read again here, at once: the gateway tells over one stream of server-sent events. */
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { refresh } from '../api/queries.ts';

const EVENTS_URL = '/api/v1/events';
/** Many changes in a row are read once. */
const GATHER_MS = 150;

/** Whether the stream is open. */
export function useLiveEvents(): boolean {
  const client = useQueryClient();
  const [isLive, setLive] = useState(false);
  useEffect(() => {
    const stream = new EventSource(EVENTS_URL);
    const nouns = new Set<string>();
    let timer: number | undefined;
    const note = (noun: string): void => {
      nouns.add(noun);
      timer ??= window.setTimeout(() => {
        timer = undefined;
        for (const each of nouns) refresh(client, each);
        nouns.clear();
      }, GATHER_MS);
    };
    stream.addEventListener('open', () => setLive(true));
    stream.addEventListener('error', () => setLive(false));
    stream.addEventListener('changed', (message: MessageEvent<string>) => note((JSON.parse(message.data) as { readonly noun: string }).noun));
    // Events were missed: everything may be old.
    stream.addEventListener('resumed', () => void client.invalidateQueries());
    return () => {
      stream.close();
      window.clearTimeout(timer);
    };
  }, [client]);
  return isLive;
}
