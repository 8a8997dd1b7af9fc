/** The playground: a chat with a language model of one's own, off until its address is set. Tools are called through an inspection. */
import { z } from 'zod';
import type { Operation } from './operation.ts';

const UrlSchema = z
  .url({ protocol: /^https?$/ })
  .max(2_000)
  .refine((text) => URL.parse(text)?.username === '' && URL.parse(text)?.password === '', 'must not hold a user name or password')
  .meta({ description: 'Base address that speaks chat completions, e.g. https://api.openai.com/v1' });

const ModelSchema = z
  .object({
    url: z.string(),
    model: z.string(),
    hasKey: z.boolean(),
    updatedAt: z.iso.datetime(),
  })
  .meta({ id: 'PlaygroundModel', description: 'The model that you chat with, without its key' });

const StateSchema = z.object({ model: ModelSchema.nullable().meta({ description: 'null: the playground is off' }) }).meta({ id: 'Playground' });

export const GetPlayground = {
  id: 'getPlayground',
  method: 'GET',
  path: '/api/v1/playground',
  summary: 'The model that you chat with; never its key',
  access: 'playground:use',
  answer: StateSchema,
  status: 200,
} as const satisfies Operation;

export const SetPlayground = {
  id: 'setPlayground',
  method: 'PUT',
  path: '/api/v1/playground',
  summary: 'Sets the model that you chat with. A key that is left out stays as long as the address keeps its origin; null takes it away',
  access: 'playground:configure',
  body: z.strictObject({
    url: UrlSchema,
    model: z.string().trim().min(1).max(200),
    key: z.string().regex(/^[\x21-\x7e]+$/, 'must be printable ASCII without spaces').max(4_000).nullable().optional(),
  }),
  answer: StateSchema,
  status: 200,
} as const satisfies Operation;

export const ClearPlayground = {
  id: 'clearPlayground',
  method: 'DELETE',
  path: '/api/v1/playground',
  summary: 'Turns your playground off and forgets the key',
  access: 'playground:configure',
  answer: StateSchema,
  status: 200,
} as const satisfies Operation;

const TEXT_CHARS_MAX = 500_000;
const CallSchema = z.strictObject({ id: z.string().max(200), name: z.string().max(200), arguments: z.string().max(TEXT_CHARS_MAX) });
const text = z.string().max(TEXT_CHARS_MAX);

const MessageSchema = z.discriminatedUnion('role', [
  z.strictObject({ role: z.enum(['system', 'user']), text }),
  z.strictObject({ role: z.literal('assistant'), text, calls: z.array(CallSchema).max(128) }),
  z.strictObject({ role: z.literal('tool'), call: z.string().max(200), text }),
]);

export const CompleteChat = {
  id: 'completeChat',
  method: 'POST',
  path: '/api/v1/playground/completions',
  summary: 'The next message of a chat, as it comes: events text, call and done, or failed. Nothing is called and nothing kept',
  access: 'playground:use',
  body: z.strictObject({
    messages: z.array(MessageSchema).min(1).max(1_000),
    tools: z.array(z.strictObject({ name: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/), description: z.string().max(20_000), inputSchema: z.record(z.string(), z.unknown()) })).max(128),
  }),
  answer: z.string(),
  status: 200,
  stream: ['text/event-stream'],
} as const satisfies Operation;
