/**
 * The client that the suite's client scenarios start: a gateway with the suite's server behind it, and in front a plain
 * client that lists everything and calls every tool. What the suite then sees is the gateway.
 *
 *     node test/conformance/drive-gateway.ts URL      (the suite appends the URL)
 */
import { isObject, type JsonObject, type JsonValue } from '../../src/protocol/messages.ts';
import { type ModernAnswer, ModernClient } from '../bridge/modern-client.ts';
import { startGateway } from './start-gateway.ts';

const ROUNDS_MAX = 5;

const url = process.argv.at(-1) ?? '';
const context = JSON.parse(process.env['MCP_CONFORMANCE_CONTEXT'] ?? '{}') as { readonly toolCalls?: readonly { readonly name: string; readonly arguments: JsonObject }[] };
const gateway = await startGateway({
  servers: { suite: { type: 'http', url } },
  namespaces: { suite: { servers: ['suite'], names: { prefix: 'none' } } },
  endpoints: { suite: { namespace: 'suite', auth: { apiKey: false } } },
});
try {
  await drive(new ModernClient(`${gateway.url}/metamcp/suite/mcp`, { elicitation: { form: {}, url: {} }, sampling: {}, roots: {} }));
} finally {
  await gateway.stop();
}

async function drive(client: ModernClient): Promise<void> {
  const tools = await list(client, 'tools');
  const prompts = await list(client, 'prompts');
  const resources = await list(client, 'resources');
  const echoed = tools.find((tool) => isObject(tool['inputSchema']) && '$defs' in tool['inputSchema'])?.['inputSchema'];
  const calls = context.toolCalls ?? tools.map((tool) => ({ name: String(tool['name']), arguments: argumentsFor(tool, echoed) }));
  // Side by side, so that one call's rounds lie between another's.
  await Promise.all(calls.map(async (call) => callTool(client, tools.find((tool) => tool['name'] === call.name) ?? { name: call.name }, call.arguments)));
  for (const prompt of prompts) await client.request({ method: 'prompts/get', params: { name: String(prompt['name']) } });
  for (const resource of resources) await client.request({ method: 'resources/read', params: { uri: String(resource['uri']) } });
}

async function list(client: ModernClient, kind: 'tools' | 'prompts' | 'resources'): Promise<readonly JsonObject[]> {
  const { response } = await client.request({ method: `${kind}/list` });
  const items = isObject(response?.['result']) ? response['result'][kind] : undefined;
  return Array.isArray(items) ? items.filter(isObject) : [];
}

async function callTool(client: ModernClient, tool: JsonObject, args: JsonObject): Promise<void> {
  let params: JsonObject = {};
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const { response }: ModernAnswer = await client.callTool(tool, args, { params });
    const result = response?.['result'];
    if (!isObject(result) || result['resultType'] !== 'input_required') return;
    const asked = Object.keys(isObject(result['inputRequests']) ? result['inputRequests'] : {});
    const inputResponses = Object.fromEntries(asked.map((key) => [key, { action: 'accept', content: { confirmed: true } }]));
    params = { inputResponses, ...(result['requestState'] === undefined ? {} : { requestState: result['requestState'] }) };
  }
}

/** Something of the right type for every property; a property called `schema` is there to be given a schema of the list back. */
function argumentsFor(tool: JsonObject, echoed: JsonValue | undefined): JsonObject {
  const schema = isObject(tool['inputSchema']) ? tool['inputSchema'] : {};
  const properties = Object.entries(isObject(schema['properties']) ? schema['properties'] : {});
  if (isObject(schema['properties']) && 'schema' in schema['properties'] && echoed !== undefined) return { schema: echoed };
  const examples: Readonly<Record<string, string | number | boolean>> = { number: 5, integer: 5, boolean: true, string: 'text' };
  return Object.fromEntries(properties.flatMap(([name, property]) => (isObject(property) && String(property['type']) in examples ? [[name, examples[String(property['type'])]]] : [])));
}
