import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Clock } from '../base/clock.ts';
import type { CallContext, CallOutcome } from '../model/middleware.ts';
import { RawObject } from '../protocol/envelope.ts';
import type { JsonObject } from '../protocol/messages.ts';
import { block } from './block/block.ts';
import { hiddenText, META_HIDDEN_TEXT } from './hidden-text/hidden-text.ts';
import { META_PROVENANCE, provenance } from './provenance/provenance.ts';
import { renameFields } from './rename-fields/rename-fields.ts';
import { timeout } from './timeout/timeout.ts';
import { truncate } from './truncate/truncate.ts';

const context: CallContext = { method: 'tools/call', server: 'files', own: 'read' };

function truncated(text: string, bytesMax: number, services?: CallContext['services']): string {
  const hooks = truncate.create({ bytesMax });
  const result = hooks.onResult?.({ content: [{ type: 'text', text }] }, { ...context, services }) as JsonObject;
  return (result['content'] as { text: string }[])[0]?.text ?? '';
}

test('truncate cuts with a mark, never inside of a character, never more than the limit', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 0, maxLength: 300 }), fc.integer({ min: 100, max: 400 }), (text, bytesMax) => {
      const cut = truncated(text, bytesMax);
      const bytes = Buffer.byteLength(text);
      if (bytes <= bytesMax) {
        expect(cut).toBe(text);
        return;
      }
      const [head = '', mark = ''] = [cut.slice(0, cut.lastIndexOf('\n[cut:')), cut.slice(cut.lastIndexOf('\n[cut:'))];
      expect(text.startsWith(head)).toBe(true);
      expect(Buffer.byteLength(head)).toBeLessThanOrEqual(bytesMax);
      expect(Buffer.byteLength(head)).toBeGreaterThan(bytesMax - 4);
      expect(mark).toBe(`\n[cut: ${bytes - Buffer.byteLength(head)} of ${bytes} bytes left out]`);
    }),
  );
});

test('truncate leaves structured content whole, shares its budget over blocks, and says how the rest can be had', () => {
  const kept: string[] = [];
  const services = {
    clock: {} as Clock,
    failed: () => undefined,
    keepRest: (rest: string) => {
      kept.push(rest);
      return 'read metamcp://rest/1 for more';
    },
  };
  const result = truncate.create({ tokensMax: 25 }).onResult?.(
    { content: [{ type: 'text', text: 'a'.repeat(60) }, { type: 'image', data: 'x'.repeat(500) }, { type: 'resource', resource: { uri: 'a:b', text: 'b'.repeat(60) } }], structuredContent: { long: 'c'.repeat(500) } },
    { ...context, services },
  );
  expect(result).toEqual({
    content: [
      { type: 'text', text: 'a'.repeat(60) },
      { type: 'image', data: 'x'.repeat(500) },
      { type: 'resource', resource: { uri: 'a:b', text: `${'b'.repeat(40)}\n[cut: 20 of 60 bytes left out; read metamcp://rest/1 for more]` } },
    ],
    structuredContent: { long: 'c'.repeat(500) },
  });
  expect(kept).toEqual(['b'.repeat(20)]);
});

test('hidden-text strips and tells, or only tells; pictures and addresses stay', () => {
  const result: JsonObject = { content: [{ type: 'text', text: 'a\u{E0041}b\u200bc\u001b[8md' }, { type: 'image', data: 'e\u200bf' }], structuredContent: { 'k\u202e': 'v\u202e' } };
  expect(hiddenText.create({ action: 'strip' }).onResult?.(result, context)).toEqual({
    content: [{ type: 'text', text: 'abcd' }, { type: 'image', data: 'e\u200bf' }],
    structuredContent: { 'k\u202e': 'v' },
    _meta: { [META_HIDDEN_TEXT]: ['tag', 'ansi', 'zero-width', 'bidi'] },
  });
  expect(hiddenText.create({ action: 'flag' }).onResult?.(result, context)).toEqual({ ...result, _meta: { [META_HIDDEN_TEXT]: ['tag', 'ansi', 'zero-width', 'bidi'] } });
  const clean: JsonObject = { content: [{ type: 'text', text: 'Grüße, 👩‍👩‍👧 und 日本語' }] };
  expect(hiddenText.create({ action: 'strip' }).onResult?.(clean, context)).toBe(clean);
});

test('block refuses calls and withholds results by pattern, and says which came first', () => {
  const hooks = block.create({ calls: ['(?i)drop\\s+table'], results: ['^BEGIN'] });
  expect(() => hooks.onCall?.({ name: 'q', arguments: { sql: ['DROP  TABLE x'] } }, context)).toThrow(expect.objectContaining({ code: 'policy.denied', effect: 'not_executed' }));
  expect(() => hooks.onCall?.({ name: 'q', arguments: { 'drop table': 1 } }, context)).toThrow(expect.objectContaining({ reason: 'blocked_by_pattern' }));
  expect(hooks.onCall?.({ name: 'q', arguments: { sql: 'SELECT 1' } }, context)).toEqual({ name: 'q', arguments: { sql: 'SELECT 1' } });
  expect(() => hooks.onResult?.({ content: [{ type: 'text', text: 'BEGIN' }] }, context)).toThrow(expect.objectContaining({ effect: 'executed' }));
  expect(block.options.safeParse({ calls: ['(?=a)'] }).success).toBe(false);
});

test('[TL-11] provenance names server and primitive beside what is in _meta', () => {
  expect(provenance.create({}).onResult?.({ content: [], _meta: { a: 1 } }, context)).toEqual({ content: [], _meta: { a: 1, [META_PROVENANCE]: { server: 'files', name: 'read' } } });
});

test('rename-fields shows new names and calls by the old ones; a name that is taken is refused', () => {
  const hooks = renameFields.create({ arguments: { q: 'query' }, results: { res: 'result' } });
  expect(hooks.onDefinition?.({ name: 's', inputSchema: { type: 'object', properties: { q: { type: 'string' }, n: {} }, required: ['q'] } }, { primitive: 'tool', server: 'files' })).toEqual({
    name: 's',
    inputSchema: { type: 'object', properties: { query: { type: 'string' }, n: {} }, required: ['query'] },
  });
  expect(hooks.onCall?.({ name: 's', arguments: { query: 'x', n: 1 } }, context)).toEqual({ name: 's', arguments: { q: 'x', n: 1 } });
  expect(hooks.onResult?.({ structuredContent: { res: 1 } }, context)).toEqual({ structuredContent: { result: 1 } });
  expect(() => hooks.onCall?.({ name: 's', arguments: { query: 'x', q: 'y' } }, context)).toThrow(expect.objectContaining({ code: 'request.params_invalid' }));
});

test('timeout ends the call for the client, and leaves one that is in time alone', async () => {
  let fire: () => void = () => undefined;
  const clock: Clock = {
    nowMs: () => 0,
    monotonicMs: () => 0,
    after: (_, run) => {
      fire = run;
      return () => undefined;
    },
  };
  const around = timeout.create({ timeoutMs: 500 }).around;
  const services = { clock, failed: () => undefined };
  const outcome: CallOutcome = { kind: 'result', result: RawObject.of({}) };
  expect(await around?.({}, () => Promise.resolve(outcome), { ...context, services })).toBe(outcome);
  const late = around?.({}, () => new Promise<CallOutcome>(() => undefined), { ...context, services });
  fire();
  expect(await late).toMatchObject({ kind: 'fault', fault: { code: 'upstream.timeout', effect: 'unknown' } });
});
