import { expect, test } from 'vitest';
import type { JsonObject } from '../protocol/messages.ts';
import { missingCapability } from './capabilities.ts';

const FORM = { message: 'm', requestedSchema: {} };
const VISIT = { mode: 'url', url: 'https://a.example', message: 'm' };

test.each<[what: string, method: string, params: JsonObject, capabilities: JsonObject, missing: JsonObject | undefined]>([
  ['a form of who names no mode', 'elicitation/create', FORM, { elicitation: {} }, undefined],
  ['a form of who can do forms', 'elicitation/create', FORM, { elicitation: { form: {}, url: {} } }, undefined],
  ['a form of who can do addresses only', 'elicitation/create', FORM, { elicitation: { url: {} } }, { elicitation: { form: {} } }],
  ['a visit of who can do addresses', 'elicitation/create', VISIT, { elicitation: { url: {} } }, undefined],
  ['a visit of who can do forms only', 'elicitation/create', VISIT, { elicitation: { form: {} } }, { elicitation: { url: {} } }],
  ['anything of who can do nothing', 'elicitation/create', FORM, {}, { elicitation: {} }],
  ['sampling of who can sample', 'sampling/createMessage', { messages: [] }, { sampling: {} }, undefined],
  ['sampling with tools of who can do it without', 'sampling/createMessage', { messages: [], tools: [] }, { sampling: {} }, { sampling: { tools: {} } }],
  ['sampling with tools of who can do that', 'sampling/createMessage', { messages: [], toolChoice: { mode: 'auto' } }, { sampling: { tools: {} } }, undefined],
  ['roots', 'roots/list', {}, { roots: {} }, undefined],
])('%s', (_what, method, params, capabilities, missing) => {
  for (const revision of ['2025-11-25', '2026-07-28'] as const) expect(missingCapability(method, params, { revision, capabilities })).toEqual(missing);
});
