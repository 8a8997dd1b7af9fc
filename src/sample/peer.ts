/** The sample server on one connection: its lists, and the counter that a client may watch. */
import type { Clock } from '../base/clock.ts';
import type { JsonObject, JsonValue } from '../protocol/messages.ts';
import { Refusal } from '../serving/refusal.ts';
import { argumentsOf, type ServedRequest, ServerPeer } from '../serving/server-peer.ts';
import { complete, getPrompt, PROMPTS } from './prompts.ts';
import { COUNTER_URI, RESOURCE_TEMPLATES, RESOURCES, readResource } from './resources.ts';
import { callTool, TOOLS } from './tools.ts';

export interface SamplePeerDeps {
  readonly clock: Clock;
  readonly send: (message: JsonValue) => void;
}

export class SamplePeer extends ServerPeer {
  readonly #clock: Clock;
  #callsServed = 0;

  constructor({ clock, send }: SamplePeerDeps) {
    super(
      {
        info: { name: 'metamcp-sample', title: 'MetaMCP sample server', version: '1.0.0' },
        instructions: 'Sample tools to try a gateway with. None of them changes anything.',
        capabilities: { tools: {}, resources: { subscribe: true }, prompts: {}, completions: {} },
        listsAreFixed: true,
        canWatch: (uri) => uri === COUNTER_URI,
        answer: (request) => this.#answer(request),
      },
      send,
    );
    this.#clock = clock;
  }

  #answer(request: ServedRequest): JsonObject | undefined | Promise<JsonObject> {
    const { method, params } = request;
    switch (method) {
      case 'tools/list':
        return { tools: TOOLS };
      case 'tools/call':
        return this.#call(request);
      case 'resources/list':
        return { resources: RESOURCES };
      case 'resources/templates/list':
        return { resourceTemplates: RESOURCE_TEMPLATES };
      case 'resources/read': {
        const uri = String(params['uri']);
        const result = readResource(uri, this.#callsServed);
        if (result === undefined) throw new Refusal(request.notFoundCode, 'Resource not found', { uri });
        return result;
      }
      case 'prompts/list':
        return { prompts: PROMPTS };
      case 'prompts/get':
        return getPrompt(params['name'], argumentsOf(params));
      case 'completion/complete':
        return complete(params);
      default:
        return undefined;
    }
  }

  async #call({ params, signal, reportProgress }: ServedRequest): Promise<JsonObject> {
    const result = await callTool(params['name'], argumentsOf(params), { clock: this.#clock, signal, reportProgress });
    this.#callsServed += 1;
    this.resourceUpdated(COUNTER_URI);
    return result;
  }
}
