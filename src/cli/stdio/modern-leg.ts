/**
 * Requests of the stateless revision (2026-07-28): each is one POST of its own. To cancel one is to close its
 * connection, and nothing outlives the request but what was learnt of the tools' headers.
 */
import { Fault } from '../../base/fault.ts';
import { type Flight, type Outlet, passOn, refusalLine, rpcErrorIn } from './flight.ts';
import { errorAnswer, isRecord, type Message } from './message.ts';
import { mirrorHeaders, type ParameterHeader, readParameterHeaders } from './parameter-headers.ts';
import type { Wire, WireAnswer } from './wire.ts';

const ACCEPT = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
const HEADER_MISMATCH = -32020;
const PAGES_MAX = 1000;

export interface ModernLeg {
  /** Sends the request and passes its answer on. Throws a Fault where there is none. */
  request(flight: Flight): Promise<void>;
  notify(message: Message, signal: AbortSignal): Promise<void>;
}

export function createModernLeg(wire: Wire, outlet: Outlet): ModernLeg {
  const learnt = new Map<string, readonly ParameterHeader[]>();

  const post = (message: Message, signal: AbortSignal): Promise<WireAnswer> => {
    const parameters = message.method === 'tools/call' ? learnt.get(String(message.params['name'])) : undefined;
    return wire.send({ method: 'POST', headers: { ...ACCEPT, ...mirrorHeaders(message, parameters ?? []) }, body: message.text, signal });
  };

  /** Learns the headers of a list's tools; a tool whose annotations are invalid must not be shown. */
  const keepValid = (answer: Message): string => {
    const value: unknown = JSON.parse(answer.text);
    const result = isRecord(value) ? value['result'] : undefined;
    if (!isRecord(value) || !isRecord(result) || !Array.isArray(result['tools'])) return answer.text;
    const tools = result['tools'].filter((tool: unknown) => learn(tool));
    return tools.length === result['tools'].length ? answer.text : JSON.stringify({ ...value, result: { ...result, tools } });
  };

  const learn = (tool: unknown): boolean => {
    if (!isRecord(tool) || typeof tool['name'] !== 'string') return true;
    const headers = readParameterHeaders(tool['inputSchema']);
    if ('invalid' in headers) {
      outlet.log(`The tool ${JSON.stringify(tool['name'])} is left out: ${headers.invalid}`);
      return false;
    }
    learnt.set(tool['name'], headers);
    return true;
  };

  /** Reads all pages of the tools with the caller's own `_meta`, so that what it may see decides. */
  const learnAllTools = async (caller: Message, signal: AbortSignal): Promise<void> => {
    let cursor: unknown;
    for (let page = 0; page < PAGES_MAX; page++) {
      const id = `metamcp-learn-${page}`;
      const params = { _meta: caller.params['_meta'], ...(cursor === undefined ? {} : { cursor }) };
      const list: Message = { kind: 'request', id, method: 'tools/list', params, revision: caller.revision, text: JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/list', params }) };
      const answer = await post(list, signal);
      let result: Readonly<Record<string, unknown>> | undefined;
      const hidden: Outlet = { ...outlet, write: () => Promise.resolve() };
      const edit = (message: Message): string => {
        const value: unknown = JSON.parse(keepValid(message));
        result = isRecord(value) && isRecord(value['result']) ? value['result'] : undefined;
        return message.text;
      };
      await passOn(answer, { id, message: list, abort: new AbortController(), isCancelled: false }, hidden, { edit });
      cursor = result?.['nextCursor'];
      if (cursor === undefined) return;
    }
  };

  const request = async (flight: Flight): Promise<void> => {
    const { message, abort } = flight;
    let answer = await post(message, abort.signal);
    if (answer.status === 400 && message.method === 'tools/call') {
      const text = await answer.text();
      const error = rpcErrorIn(text);
      if (error?.code !== HEADER_MISMATCH) {
        await outlet.write(error ? JSON.stringify({ jsonrpc: '2.0', id: flight.id, error }) : errorAnswer(flight.id, new Fault('request.invalid')));
        return;
      }
      // The call was refused for its headers, so it was not made; the specification asks to learn them and try again.
      await learnAllTools(message, abort.signal);
      answer = await post(message, abort.signal);
    }
    if (answer.status !== 200) {
      const line = await refusalLine(answer, flight.id);
      if (!flight.isCancelled) await outlet.write(line);
      return;
    }
    const passage = await passOn(answer, flight, outlet, message.method === 'tools/list' ? { edit: keepValid } : {});
    if (!passage.isAnswered) throw new Fault('upstream.closed', { message: 'The stream from the gateway ended before the answer.' });
  };

  const notify = async (message: Message, signal: AbortSignal): Promise<void> => {
    const answer = await post(message, signal);
    await answer.discard();
    if (answer.status >= 400) outlet.log(`The gateway refused ${message.method} with HTTP ${answer.status}`);
  };

  return { request, notify };
}
