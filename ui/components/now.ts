/** The present, for texts like "5 minutes ago": one clock for all of a page. */
import { useSyncExternalStore } from 'react';

const STEP_MS = 10_000;
let nowMs = Date.now();
const watchers = new Set<() => void>();
let timer: number | undefined;

function subscribe(watch: () => void): () => void {
  watchers.add(watch);
  timer ??= window.setInterval(() => {
    nowMs = Date.now();
    for (const each of watchers) each();
  }, STEP_MS);
  return () => {
    watchers.delete(watch);
    if (watchers.size > 0) return;
    window.clearInterval(timer);
    timer = undefined;
  };
}

export function useNowMs(): number {
  return useSyncExternalStore(subscribe, () => nowMs);
}
