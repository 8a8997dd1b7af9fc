/** The resources of the sample server: a guide, a counter that changes with each tool call, and greetings by template. */
import type { JsonObject } from '../protocol/messages.ts';

/** Changes with every tool call, so that a subscription has something to tell. */
export const COUNTER_URI = 'sample://calls';
const GUIDE_URI = 'sample://guide';
const GREETING_PREFIX = 'sample://greeting/';
export const GREETING_TEMPLATE = `${GREETING_PREFIX}{name}`;

const GUIDE = `# The sample server

It is there so that the first call works before any server of yours is registered.

- Tools: \`echo\`, \`add\`, \`time\`, \`progress\`
- Resources: this guide, \`${COUNTER_URI}\` (can be subscribed to), \`${GREETING_TEMPLATE}\`
- Prompt: \`explain\`

Remove it once your own servers are in place: nothing depends on it.
`;

export const RESOURCES: readonly JsonObject[] = [
  { uri: GUIDE_URI, name: 'guide', title: 'Guide', description: 'What this server offers', mimeType: 'text/markdown' },
  { uri: COUNTER_URI, name: 'calls', title: 'Tool calls', description: 'How many tool calls this process has served', mimeType: 'text/plain' },
];

export const RESOURCE_TEMPLATES: readonly JsonObject[] = [
  { uriTemplate: GREETING_TEMPLATE, name: 'greeting', title: 'Greeting', description: 'A greeting for somebody', mimeType: 'text/plain' },
];

/** The result of `resources/read`; undefined where there is no such resource. */
export function readResource(uri: string, callsServed: number): JsonObject | undefined {
  if (uri === GUIDE_URI) return contents(uri, 'text/markdown', GUIDE);
  if (uri === COUNTER_URI) return contents(uri, 'text/plain', String(callsServed));
  const name = uri.startsWith(GREETING_PREFIX) ? decode(uri.slice(GREETING_PREFIX.length)) : '';
  return name === '' ? undefined : contents(uri, 'text/plain', `Hello, ${name}!`);
}

function contents(uri: string, mimeType: string, text: string): JsonObject {
  return { contents: [{ uri, mimeType, text }] };
}

/** Empty for what is not percent-encoded UTF-8, or names more than one path segment. */
function decode(segment: string): string {
  try {
    return segment.includes('/') ? '' : decodeURIComponent(segment);
  } catch {
    return '';
  }
}
