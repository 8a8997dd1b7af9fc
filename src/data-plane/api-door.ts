/**
 * Tools as plain HTTP: `/metamcp/{endpoint}/api/{tool}`. A front end beside those of MCP: what it makes of a request goes
 * the one path, through policy, middleware and record. `GET …/api/openapi.json` describes it.
 */
import type { HttpRequest, HttpResponse } from '../base/http.ts';
import { Fault } from '../base/fault.ts';
import { isObject, type JsonObject, MODERN_REVISION, type Revision } from '../protocol/messages.ts';
import { scanJson } from '../protocol/scan.ts';
import { apiDocument, takesArguments } from './api-document.ts';
import { ApiReply, writeJson, writeProblem } from './api-reply.ts';
import type { Engines } from './engines.ts';
import type { Catalogs } from './catalogs.ts';
import type { Decoded, Identified } from './exchange.ts';
import { visibleList } from './visible-list.ts';

const PATH = /^\/metamcp\/[^/]+\/api(?:\/([^/?]*))?$/;
const DOCUMENT = 'openapi.json';
/** As long as a list waits for servers that are still starting. */
const PATIENCE_MS = 5_000;

export interface ApiDoorDeps {
  readonly catalogs: Catalogs;
  readonly engines: Engines;
  readonly version: string;
}

/** Whether a request is for this door, so that its refusals are problems. */
export function isApiRequest(http: HttpRequest): boolean {
  return PATH.test((http.url ?? '').split('?')[0] ?? '');
}

/** The call to make; none where the request is answered here. Rejects with `request.not_found`, `request.parse`, `request.method_not_allowed` and the like. */
export async function apiRequests(identified: Identified, body: Buffer | undefined, response: HttpResponse, deps: ApiDoorDeps): Promise<readonly Decoded[]> {
  const { namespace } = identified.endpoint;
  const tool = toolOf(identified.http);
  const servers = namespace.members.map((member) => member.server);
  if (deps.catalogs.isStarting(servers, PATIENCE_MS)) await deps.catalogs.started(servers, PATIENCE_MS);
  const { entries } = await visibleList(deps.catalogs.of(namespace).tools, 'tool', { ...identified, params: {} }, deps.engines);
  if (tool === DOCUMENT && body === undefined) {
    const { name, auth } = identified.endpoint;
    writeJson(response, 200, apiDocument([...entries.values()], { endpoint: name, description: namespace.description, version: deps.version, auth }), { 'content-type': 'application/json' });
    return [];
  }
  if (body === undefined) checkGet(identified.http, entries.get(tool)?.definition);
  return [
    Object.assign(identified, {
      client: { revision: MODERN_REVISION as Revision, capabilities: {}, info: { name: 'http', version: '1' }, logLevel: undefined, session: undefined },
      id: 1,
      method: 'tools/call',
      params: { name: tool, arguments: body === undefined ? {} : argumentsOf(body) },
      progressToken: undefined,
      paramHeaders: {},
      reply: new ApiReply(response, identified.correlationId),
    }),
  ];
}

/** A refusal before any request was read. */
export function refuseApi(response: HttpResponse, fault: Fault, { correlationId, challenge }: { readonly correlationId: string; readonly challenge: string | undefined }): void {
  const retry = fault.retryAfterSeconds === undefined ? {} : { 'retry-after': String(fault.retryAfterSeconds) };
  writeProblem(response, { status: fault.http >= 400 ? fault.http : 500, code: fault.code, detail: fault.message, correlationId, headers: { ...(challenge === undefined ? {} : { 'www-authenticate': challenge }), ...(fault.http === 405 ? { allow: 'POST, GET' } : {}), ...retry } });
}

/** A page of somebody else's may make a browser send a GET; a POST of JSON it may not. */
function checkGet(http: HttpRequest, definition: JsonObject | undefined): void {
  if (definition !== undefined && takesArguments(definition['inputSchema'])) throw new Fault('request.method_not_allowed', { message: 'This tool takes arguments: send them with POST.' });
  const site = http.headers['sec-fetch-site'];
  if (site === 'cross-site' || site === 'same-site') throw new Fault('request.origin_refused');
}

function toolOf(http: HttpRequest): string {
  try {
    return decodeURIComponent(PATH.exec((http.url ?? '').split('?')[0] ?? '')?.[1] ?? '');
  } catch {
    throw new Fault('request.not_found');
  }
}

/** An empty body means no arguments. */
function argumentsOf(body: Buffer): JsonObject {
  if (body.toString('latin1').trim() === '') return {};
  scanJson(body);
  const value: unknown = JSON.parse(body.toString());
  if (!isObject(value)) throw new Fault('request.params_invalid', { message: 'The body must be a JSON object: the arguments of the tool.' });
  return value;
}
