/** Scripts over the real sandbox: what they get, what they cannot do, and that they can be taken up again anywhere. */
import { describe, expect, test } from 'vitest';
import { systemClock } from '../base/clock.ts';
import type { ScriptLimits } from '../model/discovery.ts';
import { type Journal, newJournal } from './journal.ts';
import { type Called, runScript, type ScriptCall, type ScriptEnd } from './run-script.ts';

const LIMITS: ScriptLimits = { timeMs: 10_000, memoryBytes: 16 << 20, callsMax: 20, outputBytesMax: 1_000 };

interface Options {
  readonly limits?: Partial<ScriptLimits>;
  readonly journal?: Journal;
  readonly call?: (call: ScriptCall) => Promise<Called>;
  readonly signal?: AbortSignal;
}

const echo = ({ name, arguments: given }: ScriptCall): Promise<Called> => Promise.resolve({ kind: 'told', isOk: true, text: JSON.stringify({ name, given }) });

function run(code: string, { limits = {}, journal = newJournal(1_700_000_000_000), call = echo, signal = new AbortController().signal }: Options = {}): Promise<ScriptEnd> {
  return runScript({ code, limits: { ...LIMITS, ...limits }, journal }, { call, clock: systemClock, signal });
}

test('a script gets what its calls give and only what it returns comes out', async () => {
  const end = await run(`console.log('said'); const answer: { given: { a: number } } = await tools.files__read({ a: 1 }); return { got: answer.given.a, all: (await Promise.all([tools.x(), tools['web.search']({})])).length };`);
  expect(end).toEqual({ kind: 'returned', text: '{"got":1,"all":2}', rest: '' });
});

test('a failed call is an error that says of which tool', async () => {
  const call = (): Promise<Called> => Promise.resolve({ kind: 'told', isOk: false, text: '{"message":"no such file","tool":"files__read","details":{"code":7}}' });
  const end = await run(`try { await tools.files__read({}); } catch (error) { return [error instanceof ToolError, error.message, error.tool, error.details.code]; }`, { call });
  expect(end).toEqual({ kind: 'returned', text: '[true,"no such file","files__read",7]', rest: '' });
});

test('the same script sees the same time and the same chance', async () => {
  const code = 'return [Date.now(), new Date().toISOString(), Math.random(), Math.random()]';
  const [first, second] = [await run(code), await run(code)];
  expect(first).toEqual(second);
  expect(first).toMatchObject({ text: expect.stringContaining('1700000000000') as string });
});

const HOSTILE: readonly (readonly [string, RegExp])[] = [
  ['while (true);', /computed for more than/],
  ['for (;;) await null;', /computed for more than|failed/],
  ['const f = () => Promise.resolve().then(f); await f();', /computed for more than|memory/],
  ['try { while (true); } catch { return 1; }', /computed for more than/],
  ['try { while (true); } finally { while (true); }', /computed for more than/],
  ['const all = []; while (true) all.push(new Array(100000).fill(1));', /memory|computed/],
  ['const all = []; try { while (true) all.push("x".repeat(1 << 20) + all.length); } catch { return all.length > 100; }', /^returned false$|memory|computed/],
  ['return "x".repeat(1 << 28).length', /memory|computed|returned 268435456/],
  ['return new ArrayBuffer(1 << 30).byteLength', /memory|RangeError|invalid/],
  ['const f = () => f(); f();', /stack|call/i],
  ['let a = []; for (let i = 0; i < 100000; i++) a = [a]; return a;', /stack|circular|memory/i],
  ['return "x".repeat(2000)', /^returned "x{999}$/],
  ['return typeof process', /returned "undefined"/],
  ['return typeof require', /returned "undefined"/],
  ['return typeof fetch', /returned "undefined"/],
  ['return typeof WebAssembly', /returned "undefined"/],
  ['return typeof SharedArrayBuffer === "undefined" ? 0 : new SharedArrayBuffer(1 << 30).byteLength', /returned 0|memory|RangeError|invalid/],
  ['return (await import("node:fs")).readFileSync("/etc/passwd", "utf8")', /could not load|failed|not supported|module/i],
  ['return await import("https://example.com/x.js")', /could not load|failed|not supported|module/i],
  ['return Function("return this")().process === undefined', /returned true/],
  ['return this === undefined || this.constructor.constructor("return typeof process")()', /returned (true|"undefined")/],
  ['return tools.constructor.constructor === undefined', /./],
  ['tools.x = 1; delete tools.y; return Object.keys(tools)', /./],
  ['globalThis.tools = { x: () => 1 }; return 1', /TypeError|returned 1/],
  ['JSON.stringify = () => { throw new Error("no"); }; return { a: 1 }', /returned \{"a":1\}/],
  ['Promise.prototype.then = function () { return this; }; return 1', /./],
  ['Object.prototype.seq = 5; Object.prototype.kind = "end"; return (await tools.x({})).name', /./],
  ['for (let i = 0; i < 100; i++) await tools.x({ i });', /at most 20 calls/],
  ['await Promise.all(Array.from({ length: 1000 }, () => tools.x({})))', /at most 20 calls/],
  ['await new Promise(() => undefined)', /never comes/],
  ['})(); while (true); (async () => {', /computed for more than/],
  ['return ({', /SyntaxError|syntax|Expected|Unexpected/i],
  ['throw { toString() { while (true); } }', /computed for more than|thrown/],
  ['return { toJSON() { while (true); } }', /computed for more than/],
  ['return new RegExp("^(a+)+$").test("a".repeat(40) + "b")', /computed for more than|returned false/],
];

describe('hostile scripts stay inside', () => {
  test('there are thirty at least', () => expect(HOSTILE.length).toBeGreaterThanOrEqual(30));

  test.each(HOSTILE)('%s', async (code, expected) => {
    const asked: ScriptCall[] = [];
    const call = (made: ScriptCall): Promise<Called> => {
      asked.push(made);
      return echo(made);
    };
    const end = await run(code, { call, limits: { timeMs: 400 } });
    const said = end.kind === 'returned' ? `returned ${end.text}` : end.kind === 'failed' ? end.message : end.kind;
    // On a busy machine any of them may run out of time first.
    expect(said).toMatch(new RegExp(`${expected.source}|computed for more than`, expected.flags));
    expect(asked.length).toBeLessThanOrEqual(20);
  });
});

const LONG = `
  const seen = [];
  for (let i = 0; i < 3; i++) seen.push((await tools.step({ i, at: Date.now(), luck: Math.random() })).given.i);
  const [first, both] = [await Promise.race([tools.slow({}), tools.quick({})]), await Promise.all([tools.a({}), tools.b({})])];
  try { await tools.broken({}); } catch (error) { seen.push(error.message); }
  return { seen, first: first.name, both: both.map(({ name }) => name) };
`;

function counting(): { readonly calls: string[]; readonly call: (made: ScriptCall) => Promise<Called> } {
  const calls: string[] = [];
  const { promise: afterQuick, resolve: quickIsDone } = Promise.withResolvers<void>();
  return {
    calls,
    call: async (made) => {
      calls.push(`${made.seq} ${made.name}`);
      if (made.name === 'slow') await afterQuick;
      if (made.name === 'quick') setImmediate(quickIsDone);
      return made.name === 'broken' ? { kind: 'told', isOk: false, text: '{"message":"broken","tool":"broken","details":{}}' } : echo(made);
    },
  };
}

test('a script ended at any await and taken up again gives the same, each tool called once', async () => {
  const whole = counting();
  const expected = await run(LONG, { call: whole.call });
  expect(expected).toMatchObject({ kind: 'returned' });
  for (let after = 1; after <= whole.calls.length; after++) {
    const journal = newJournal(1_700_000_000_000);
    const { calls, call } = counting();
    const abort = new AbortController();
    const killing = async (made: ScriptCall): Promise<Called> => {
      const called = await call(made);
      if (calls.length >= after) abort.abort();
      return called;
    };
    const ended = await run(LONG, { journal, call: killing, signal: abort.signal });
    // What is kept survives a restart only as text.
    const kept = JSON.parse(JSON.stringify(journal)) as Journal;
    expect(ended.kind === 'aborted' ? await run(LONG, { journal: kept, call }) : ended).toEqual(expected);
    expect(calls.toSorted()).toEqual(whole.calls.toSorted());
  }
}, 60_000);

test('a call that needs somebody ends the run, and its answer goes on from there', async () => {
  const journal = newJournal(0);
  const made: (string | undefined)[] = [];
  const call = async ({ name, state }: ScriptCall): Promise<Called> => {
    made.push(`${name} ${state ?? ''}`);
    return name === 'ask' && state === undefined ? { kind: 'waiting', state: 'question' } : { kind: 'told', isOk: true, text: '1' };
  };
  const code = 'const before = await tools.before({}); const all = await Promise.all([tools.ask({}), tools.other({})]); return [before, ...all];';
  expect(await run(code, { journal, call })).toEqual({ kind: 'waiting' });
  expect(journal.waiting).toMatchObject([{ seq: 2, state: 'question' }]);
  expect(await run(code, { journal: JSON.parse(JSON.stringify(journal)) as Journal, call })).toEqual({ kind: 'returned', text: '[1,1,1]', rest: '' });
  expect(made).toEqual(['before ', 'ask ', 'other ', 'ask question']);
});

test('a script that makes other calls than its journal says fails', async () => {
  const journal = newJournal(0);
  await run('await tools.a({ x: 1 }); return 1', { journal });
  expect(await run('await tools.a({ x: 2 }); return 1', { journal: { ...journal } })).toEqual({ kind: 'failed', message: expect.stringMatching(/^diverged/) as string });
  expect(await run('return 1 + await new Promise(() => undefined)', { journal: { ...journal } })).toEqual({ kind: 'failed', message: expect.stringMatching(/^diverged/) as string });
});
