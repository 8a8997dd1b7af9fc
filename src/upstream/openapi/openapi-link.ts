/** A service with an OpenAPI document as an MCP server: its operations are tools, its document is read again now and then. */
import { createHash } from 'node:crypto';
import { Client } from 'undici';
import type { CancelTimer, Clock } from '../../base/clock.ts';
import { Fault, toFault } from '../../base/fault.ts';
import type { OpenApiServer } from '../../model/builtin-server.ts';
import type { ServerSpec } from '../../model/server.ts';
import { isObject, type JsonObject, type JsonValue } from '../../protocol/messages.ts';
import { ServerPeer } from '../../serving/server-peer.ts';
import { type Tool, ToolContent, ToolRefusal, toResult } from '../../serving/tool.ts';
import { toolsServed } from '../../serving/tools-served.ts';
import type { Dialer, DialTarget } from '../dialer/dialer.ts';
import { createGuardedFetch } from '../dialer/guarded-fetch.ts';
import { openInnerLink } from '../inner-link.ts';
import type { Link, LinkEvents } from '../link.ts';
import { type BuiltRequest, buildRequest } from './build-request.ts';
import { type ApiOperation, operationsOf } from './operations.ts';
import { outputSchemaOf } from './output-schema.ts';
import { follow, readDocument } from './read-document.ts';

export interface OpenApiDeps {
  readonly clock: Clock;
  readonly dialer: Dialer;
}

const REFRESH_MS = 10 * 60_000;
/** Whoever asks for the tools gets those of a document that is no older. */
const FRESH_MS = 2_000;
const DOCUMENT_BOUNDS = { redirectsMax: 3, bodyBytesMax: 8 << 20, timeoutMs: 20_000 };

interface Service {
  readonly target: DialTarget;
  /** Path of the base address, without a slash at its end. */
  readonly basePath: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly query: readonly string[];
}

interface Loaded {
  readonly digest: string;
  readonly tools: readonly Tool[];
  readonly title: string;
  readonly description: string;
}

/** Rejects with `upstream.unavailable`, `upstream.protocol_error`, `egress.refused` or `config.value_missing`. */
export async function openOpenApiLink({ spec, builtin, values }: { readonly spec: ServerSpec; readonly builtin: OpenApiServer; readonly values: (text: string) => string }, deps: OpenApiDeps, events: LinkEvents): Promise<Link> {
  const place = values(builtin.document);
  const fetch = createGuardedFetch({ ...deps, bounds: DOCUMENT_BOUNDS });
  const load = async (): Promise<Loaded> => {
    const document = await readDocument(place, spec.name, fetch);
    const service = serviceOf(document, { spec, place, values }, deps.dialer);
    const info = isObject(document['info']) ? document['info'] : {};
    return { digest: createHash('sha256').update(JSON.stringify(document)).digest('hex'), tools: operationsOf(document, builtin.operations).map((operation) => toTool(operation, { service, spec, builtin, clock: deps.clock })), title: String(info['title'] ?? spec.name), description: String(info['description'] ?? '').slice(0, 4_000) };
  };
  let loaded = await load();
  let loadedMs = deps.clock.monotonicMs();
  /** Whether it is another one. */
  const reload = async (): Promise<boolean> => {
    try {
      loadedMs = deps.clock.monotonicMs();
      const fresh = await load();
      const isChanged = fresh.digest !== loaded.digest;
      loaded = fresh;
      return isChanged;
    } catch (thrown) {
      // The last good document stays; a service that is gone shows in its calls.
      events.dropped('not_delivered', `the document was not read again: ${toFault(thrown).detail ?? ''}`);
      return false;
    }
  };
  const refresh = async (): Promise<void> => {
    if (deps.clock.monotonicMs() - loadedMs > FRESH_MS) await reload();
  };
  let cancelTimer: CancelTimer | undefined;
  return openInnerLink(
    spec.name,
    (send) => {
      const served = toolsServed({ info: { name: spec.name, title: loaded.title, version: '1.0.0' }, instructions: loaded.description, tools: () => loaded.tools, listsAreFixed: false, refresh });
      const peer = new ServerPeer(served, send);
      const again = (): void => {
        cancelTimer = deps.clock.after(REFRESH_MS, () => {
          void reload().then((isChanged) => {
            if (isChanged) peer.toolsChanged();
            again();
          });
        });
      };
      again();
      return {
        receive: (line) => peer.receive(line),
        close: () => {
          cancelTimer?.();
          peer.close();
        },
      };
    },
    events,
  );
}

/** The address that an operator wrote may be anywhere; one that only the document names must be the document's own or public. */
function serviceOf(document: JsonObject, { spec, place, values }: { readonly spec: ServerSpec; readonly place: string; readonly values: (text: string) => string }, dialer: Dialer): Service {
  const servers: readonly JsonValue[] = Array.isArray(document['servers']) ? document['servers'] : [];
  const named = isObject(servers[0]) ? withDefaults(servers[0]) : '/';
  const documentUrl = /^https?:/i.test(place) ? place : undefined;
  const base = spec.url === '' ? URL.parse(named, documentUrl) : URL.parse(values(spec.url));
  if (base === null) throw new Fault('config.value_missing', { server: spec.name, detail: `the document names no whole address (${named.slice(0, 100)}): give url` });
  const isOperators = spec.url !== '' || (documentUrl !== undefined && URL.parse(documentUrl)?.origin === base.origin);
  const target = isOperators ? dialer.operatorTarget(base.href, spec.name) : dialer.guardedTarget(base.href);
  const inQuery = keysInQuery(document);
  const resolved = Object.entries(spec.headers).map(([name, value]) => [name, values(value)] as const);
  return {
    target,
    basePath: base.pathname.replace(/\/+$/, ''),
    headers: Object.fromEntries(resolved.filter(([name]) => !inQuery.has(name)).map(([name, value]) => [name.toLowerCase(), value])),
    query: resolved.filter(([name]) => inQuery.has(name)).map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`),
  };
}

function withDefaults(server: JsonObject): string {
  const variables = isObject(server['variables']) ? server['variables'] : {};
  return String(server['url'] ?? '/').replace(/\{([^{}]+)\}/g, (_whole, name: string) => {
    const variable = Object.hasOwn(variables, name) ? variables[name] : undefined;
    return isObject(variable) ? String(variable['default'] ?? '') : '';
  });
}

/** Names of API keys that the service wants in its query: a header of that name in the configuration goes there. */
function keysInQuery(document: JsonObject): ReadonlySet<string> {
  const components = isObject(document['components']) ? document['components'] : {};
  const schemes = isObject(components['securitySchemes']) ? Object.values(components['securitySchemes']) : [];
  return new Set(schemes.flatMap((scheme) => {
    const found = follow(document, scheme);
    return found?.['type'] === 'apiKey' && found['in'] === 'query' ? [String(found['name'])] : [];
  }));
}

interface CallParts {
  readonly service: Service;
  readonly spec: ServerSpec;
  readonly builtin: OpenApiServer;
  readonly clock: Clock;
}

function toTool(operation: ApiOperation, parts: CallParts): Tool {
  const { method } = operation;
  const isRead = method === 'get' || method === 'head';
  return {
    name: operation.name,
    title: operation.title,
    description: operation.description,
    inputSchema: operation.inputSchema,
    outputSchema: parts.builtin.response.outputSchemas ? outputSchemaOf(operation.answer, parts.builtin.response.fields) : undefined,
    annotations: { readOnlyHint: isRead, destructiveHint: !isRead && method !== 'post', idempotentHint: isRead || method === 'put' || method === 'delete', openWorldHint: true },
    run: (given, { signal }) => callOperation(buildRequest(operation, given), parts, signal),
  };
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
  readonly next: string | undefined;
}

async function callOperation(request: BuiltRequest, parts: CallParts, signal: AbortSignal): Promise<ToolContent> {
  const { response } = parts.builtin;
  const { basePath, query } = parts.service;
  let path = basePath + request.path;
  if (query.length > 0) path += (path.includes('?') ? '&' : '?') + query.join('&');
  let answer = await send({ ...request, path }, parts, signal);
  let value = parsed(answer, response.textCharsMax);
  for (let page = 1; page < response.pagesMax && answer.next !== undefined && request.method === 'GET' && Array.isArray(value); page++) {
    answer = await send({ ...request, path: answer.next }, parts, signal);
    const more = parsed(answer, response.textCharsMax);
    if (answer.status >= 300 || !Array.isArray(more)) break;
    value = [...(value as JsonValue[]), ...(more as JsonValue[])];
  }
  if (answer.status >= 300) return new ToolContent({ content: [{ type: 'text', text: `HTTP ${answer.status}\n${typeof value === 'string' ? value : JSON.stringify(value)}`.slice(0, response.textCharsMax) }], isError: true });
  const shaped = shape(value, response.fields);
  return new ToolContent(isObject(shaped) ? toResult(shaped) : toResult({ result: shaped }));
}

async function send(request: BuiltRequest, { service, spec, clock }: CallParts, signal: AbortSignal): Promise<Answer> {
  const { target, headers } = service;
  const client = new Client(target.url.origin, { connect: target.connect, allowH2: false, maxResponseSize: spec.resultBytesMax });
  const timeout = new AbortController();
  const cancelTimer = clock.after(spec.callTimeoutMs, () => timeout.abort());
  try {
    // Redirects are not followed: what proves us is for this address alone.
    const answer = await client.request({ method: request.method as 'GET', path: request.path, headers: { accept: 'application/json, */*;q=0.5', 'user-agent': 'metamcp', ...request.headers, ...headers }, body: request.body ?? null, signal: AbortSignal.any([signal, timeout.signal]) });
    const text = await answer.body.text();
    return { status: answer.statusCode, type: String(answer.headers['content-type'] ?? ''), text, next: nextPage(String(answer.headers['link'] ?? ''), target.url) };
  } catch (thrown) {
    const why = timeout.signal.aborted ? `it did not answer within ${spec.callTimeoutMs / 1000} s` : thrown instanceof Fault ? thrown.message : 'the connection broke';
    throw new ToolRefusal(`The service gave no answer: ${why}. ${request.method === 'GET' ? 'Try again later.' : 'Whether it did its work is not known.'}`);
  } finally {
    cancelTimer();
    await client.destroy();
  }
}

/** RFC 8288, only within the same service. */
function nextPage(link: string, base: URL): string | undefined {
  const found = /<([^<>]{1,4000})>\s*;[^,<]*\brel="?next"?/i.exec(link)?.[1];
  const url = found === undefined ? null : URL.parse(found, base.href);
  return url?.origin === base.origin ? url.pathname + url.search : undefined;
}

function parsed({ type, text }: Answer, textCharsMax: number): JsonValue {
  if (/\bjson\b/i.test(type)) {
    try {
      return JSON.parse(text) as JsonValue;
    } catch {
      // It says JSON and is none: the text is shown.
    }
  }
  return text.length > textCharsMax ? `${text.slice(0, textCharsMax)}\n[cut: ${text.length - textCharsMax} more characters]` : text;
}

function shape(value: JsonValue, fields: readonly string[]): JsonValue {
  if (fields.length === 0) return value;
  if (Array.isArray(value)) return (value as JsonValue[]).map((member) => shape(member, fields));
  return isObject(value) ? Object.fromEntries(Object.entries(value).filter(([name]) => fields.includes(name))) : value;
}
