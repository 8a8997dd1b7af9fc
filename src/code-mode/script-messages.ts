/** What the worker of a script and its host say to each other. */

export interface ScriptStart {
  /** The engine. */
  readonly wasm: Uint8Array<ArrayBuffer>;
  /** TypeScript or JavaScript: the body of an async function. */
  readonly code: string;
  readonly memoryBytes: number;
  /** Computing time, milliseconds. */
  readonly timeMs: number;
  /** What the script takes for now. */
  readonly nowMs: number;
}

export type FromScript =
  | { readonly kind: 'call'; readonly seq: number; readonly name: string; readonly argumentsText: string }
  /** Nothing is left to compute until a call gives something. */
  | { readonly kind: 'idle' }
  /** `text`: JSON of what was returned, or what went wrong in words. */
  | { readonly kind: 'end'; readonly isOk: boolean; readonly text: string };

/** What a call gave, as JSON: its value, or `{message, tool, details}`. */
export interface ToScript {
  readonly seq: number;
  readonly isOk: boolean;
  readonly text: string;
}
