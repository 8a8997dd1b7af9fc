import { expect, test } from 'vitest';
import type { Clock } from '../base/clock.ts';
import { Fault } from '../base/fault.ts';
import type { CallContext, CallOutcome, Step } from '../model/middleware.ts';
import { MiddlewareConfigSchema } from '../model/middleware-config.ts';
import { RawObject } from '../protocol/envelope.ts';
import type { JsonObject } from '../protocol/messages.ts';
import { fromHooks, HOOK_TIMEOUT_MS, type Hooks } from './manifest.ts';
import { compose } from './middleware.ts';
import { compileStep, inOrder, manifests } from './registry.ts';

const context: CallContext = { method: 'tools/call', server: 'files', own: 'read' };
const answer = (value: JsonObject): CallOutcome => ({ kind: 'result', result: RawObject.of(value) });

function wrapped(hooks: Hooks, mode: 'closed' | 'open' = 'closed') {
  const middleware = fromHooks({ name: 'tried', resultBytesMax: 1_000 }, hooks, mode);
  if (middleware === undefined) throw new Error('no hook');
  return middleware;
}

test('the composer pins the target, whatever a middleware does to it', async () => {
  const seen: JsonObject[] = [];
  const rogue = wrapped({ onCall: (params) => ({ ...params, name: 'delete', uri: 'file:///etc', arguments: { a: 2 } }) });
  const run = compose(
    [rogue],
    (params) => {
      seen.push(params);
      return Promise.resolve(answer({}));
    },
    context,
  );
  await run({ name: 'read', arguments: { a: 1 } });
  expect(seen).toEqual([{ name: 'read', arguments: { a: 2 } }]);
});

test('a middleware that fails ends the call where it is closed, and is counted and passed over where it is open', async () => {
  const failures: string[] = [];
  const services = { clock: stoppedClock(), failed: (name: string, hook: string) => failures.push(`${name} ${hook}`) };
  const broken: Hooks = {
    onResult: () => {
      throw new TypeError('bug');
    },
  };
  const next = () => Promise.resolve(answer({ ok: true }));
  await expect(wrapped(broken)({}, next, { ...context, services })).rejects.toMatchObject({ code: 'gateway.bug', reason: 'middleware_failed', effect: 'executed' });
  const outcome = await wrapped(broken, 'open')({}, next, { ...context, services });
  expect(outcome.kind === 'result' && outcome.result.value).toEqual({ ok: true });
  expect(failures).toEqual(['tried result', 'tried result']);
});

test('a refusal holds in either mode', async () => {
  const refusing: Hooks = {
    onCall: () => {
      throw new Fault('policy.denied');
    },
  };
  await expect(wrapped(refusing, 'open')({}, () => Promise.resolve(answer({})), context)).rejects.toMatchObject({ code: 'policy.denied' });
});

test('a result above the cap and a hook that is late are failures', async () => {
  const clock = stoppedClock();
  const services = { clock, failed: () => undefined };
  const looking = wrapped({ onResult: (result) => result });
  await expect(looking({}, () => Promise.resolve(answer({ text: 'x'.repeat(2_000) })), { ...context, services })).rejects.toMatchObject({ reason: 'middleware_failed' });
  const late = wrapped({ onCall: () => new Promise<JsonObject>(() => undefined) })({}, () => Promise.resolve(answer({})), { ...context, services });
  clock.fire();
  await expect(late).rejects.toMatchObject({ reason: 'middleware_failed', effect: 'not_executed' });
  expect(clock.delays).toEqual([HOOK_TIMEOUT_MS]);
});

test('a result that no hook changes keeps its bytes', async () => {
  const result = RawObject.fromText('{"n":12345678901234567890,  "a":1}');
  const outcome = await wrapped({ onResult: (value) => value })({}, () => Promise.resolve({ kind: 'result', result }), context);
  expect(outcome).toEqual({ kind: 'result', result });
});

test('every shipped manifest has a version and a failure mode, and a wrong name or option is told with its place', () => {
  for (const manifest of manifests()) expect(manifest).toMatchObject({ manifestVersion: 1, version: expect.stringMatching(/^\d+\.\d+\.\d+$/), onFailure: expect.stringMatching(/^(closed|open)$/) });
  expect(compileStep(MiddlewareConfigSchema.parse({ use: 'redakt' }))).toEqual([{ path: ['use'], message: 'expected the name of a middleware; the nearest known name is "redact"' }]);
  expect(compileStep(MiddlewareConfigSchema.parse({ use: 'truncate', with: { bytesMax: 1 } }))).toMatchObject([{ path: ['with', 'bytesMax'] }]);
});

test('a step that cuts results stands around all others, whose order stays', () => {
  const steps = ['redact', 'truncate', 'provenance'].map((use) => compileStep(MiddlewareConfigSchema.parse({ use, with: use === 'truncate' ? { bytesMax: 100 } : {} })) as Step);
  expect(inOrder(steps).map(({ name }) => name)).toEqual(['truncate', 'redact', 'provenance']);
});

test('a step covers what its servers and names say, and cannot rename what it shows', () => {
  const step = compileStep(MiddlewareConfigSchema.parse({ use: 'hidden-text', servers: ['fi*'], names: ['read'] })) as Step;
  expect([step.covers('files', 'read'), step.covers('files', 'write'), step.covers('mail', 'read')]).toEqual([true, false, false]);
  expect(step.onDefinition?.({ name: 'a\u200bb', description: 'c\u200bd' }, { primitive: 'tool', server: 'files' })).toEqual({ name: 'a\u200bb', description: 'cd' });
});

function stoppedClock(): Clock & { readonly delays: number[]; fire(): void } {
  const delays: number[] = [];
  let run: () => void = () => undefined;
  return {
    delays,
    fire: () => run(),
    nowMs: () => 0,
    monotonicMs: () => 0,
    after: (delayMs, then) => {
      delays.push(delayMs);
      run = then;
      return () => undefined;
    },
  };
}
