/**
 * What a script finds in its world beside the language: `tools`, `ToolError` and a `console` that says nothing. Runs
 * inside the sandbox before the script; whatever a script does to it, it does to itself.
 */
export const PRELUDE = `(function (call, end) {
  const { parse, stringify } = JSON;
  const pending = new Map();
  let count = 0;
  class ToolError extends Error {
    constructor(message, tool, details) { super(message); this.name = 'ToolError'; this.tool = tool; this.details = details; }
  }
  const silent = () => undefined;
  const define = (name, value) => Object.defineProperty(globalThis, name, { value, writable: false, configurable: false });
  define('ToolError', ToolError);
  define('console', Object.freeze({ log: silent, info: silent, warn: silent, error: silent, debug: silent }));
  define('tools', new Proxy(Object.freeze({}), {
    get: (_, name) => typeof name !== 'string' || name === 'then' ? undefined : (given = {}) => new Promise((resolve, reject) => {
      const text = stringify(given);
      const seq = ++count;
      pending.set(seq, { resolve, reject });
      call(seq, name, text === undefined ? '{}' : text);
    }),
  }));
  const words = (thrown) => thrown instanceof Error ? thrown.name + ': ' + thrown.message : 'thrown: ' + String(thrown);
  return {
    tell(seq, isOk, text) {
      const { resolve, reject } = pending.get(seq);
      pending.delete(seq);
      const value = parse(text);
      if (isOk) resolve(value); else reject(new ToolError(value.message, value.tool, value.details));
    },
    watch(promise) {
      promise.then((value) => { const text = stringify(value); end(true, text === undefined ? 'null' : text); }, (thrown) => end(false, words(thrown))).catch((thrown) => end(false, words(thrown)));
    },
  };
})`;
