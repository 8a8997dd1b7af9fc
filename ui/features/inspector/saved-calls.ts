/** Calls that somebody keeps to make again: by target, in this browser. */
import { useCallback, useState } from 'react';
import { isObject, type JsonObject, objectsIn, textIn } from '../../mcp/protocol.ts';

export interface SavedCall {
  readonly title: string;
  /** Name of the tool or prompt, or a URI. */
  readonly item: string;
  readonly values: JsonObject;
}

const SAVED_MAX = 50;
const WHAT = ['tools', 'prompts', 'resources', 'templates'] as const;

export function useSavedCalls(target: string, what: string) {
  const place = placeOf(target, what);
  const [calls, setCalls] = useState<readonly SavedCall[]>(() => read(place));
  const store = useCallback(
    (next: readonly SavedCall[]) => {
      setCalls(next);
      try {
        localStorage.setItem(place, JSON.stringify(next));
      } catch {
        // Where storage is forbidden they last as long as the page.
      }
    },
    [place],
  );
  return {
    calls,
    save: (call: SavedCall) => store([call, ...calls.filter(({ title, item }) => title !== call.title || item !== call.item)].slice(0, SAVED_MAX)),
    remove: (call: SavedCall) => store(calls.filter((each) => each !== call)),
  };
}

/** Of all kinds, for one target. */
export function countSaved(target: string): number {
  return WHAT.reduce((count, what) => count + read(placeOf(target, what)).length, 0);
}

function placeOf(target: string, what: string): string {
  return `metamcp.inspector.${target}.${what}`;
}

function read(place: string): readonly SavedCall[] {
  try {
    return objectsIn(JSON.parse(localStorage.getItem(place) ?? '[]')).flatMap((entry) => {
      const [title, item] = [textIn(entry, 'title'), textIn(entry, 'item')];
      return title === undefined || item === undefined || !isObject(entry['values']) ? [] : [{ title, item, values: entry['values'] }];
    });
  } catch {
    return [];
  }
}
