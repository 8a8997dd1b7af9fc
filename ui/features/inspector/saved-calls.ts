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

export function useSavedCalls(target: string, what: string) {
  const place = `metamcp.inspector.${target}.${what}`;
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
