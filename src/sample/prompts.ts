/** The prompt of the sample server, and completion for its argument and for the template's variable. */
import type { JsonObject } from '../protocol/messages.ts';
import { isObject } from '../protocol/messages.ts';
import { INVALID_PARAMS, Refusal } from '../serving/refusal.ts';
import { GREETING_TEMPLATE } from './resources.ts';

const TOPICS = ['endpoint', 'key', 'middleware', 'namespace', 'policy', 'server'];
const NAMES = ['Ada', 'Alan', 'Barbara', 'Edsger', 'Grace', 'Linus'];

export const PROMPTS: readonly JsonObject[] = [
  {
    name: 'explain',
    title: 'Explain a word',
    description: 'Asks for an explanation of one of the words of this gateway.',
    arguments: [{ name: 'topic', title: 'Topic', description: 'The word to explain', required: true }],
  },
];

/** The result of `prompts/get`. Throws a Refusal for an unknown name or a missing argument. */
export function getPrompt(name: unknown, given: JsonObject): JsonObject {
  if (name !== 'explain') throw new Refusal(INVALID_PARAMS, `Unknown prompt: ${String(name)}`);
  const topic = given['topic'];
  if (typeof topic !== 'string' || topic === '') throw new Refusal(INVALID_PARAMS, 'The argument topic is required');
  const text = `Explain in three sentences what a ${topic} is in an MCP gateway, for somebody who has just installed one.`;
  return { description: `Explain ${topic}`, messages: [{ role: 'user', content: { type: 'text', text } }] };
}

/** The result of `completion/complete`. Throws a Refusal for a reference to nothing of ours. */
export function complete(params: JsonObject): JsonObject {
  const { ref, argument } = params;
  if (!isObject(ref) || !isObject(argument) || typeof argument['value'] !== 'string') throw new Refusal(INVALID_PARAMS, 'ref and argument are required');
  const words = wordsFor(ref, argument['name']);
  const typed = argument['value'].toLowerCase();
  const values = words.filter((word) => word.toLowerCase().startsWith(typed));
  return { completion: { values, total: values.length, hasMore: false } };
}

function wordsFor(ref: JsonObject, argument: unknown): readonly string[] {
  if (ref['type'] === 'ref/prompt' && ref['name'] === 'explain' && argument === 'topic') return TOPICS;
  if (ref['type'] === 'ref/resource' && ref['uri'] === GREETING_TEMPLATE && argument === 'name') return NAMES;
  throw new Refusal(INVALID_PARAMS, 'There is nothing to complete there');
}
