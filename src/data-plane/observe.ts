/**
 * Around each request, where anything is measured: numbers, and spans by OpenTelemetry's conventions for MCP and
 * generative AI. Names and codes only: arguments, results and URIs are content.
 */
import type { RequestTally } from '../observability/request-tally.ts';
import type { StartedSpan, TraceCarrier, Tracing } from '../observability/tracing.ts';
import type { JsonObject } from '../protocol/messages.ts';
import { metaOf } from '../protocol/meta.ts';
import type { Outcome } from '../upstream/upstream.ts';
import type { Admitted, Decoded, Resolved } from './exchange.ts';
import { wordFor } from './record-word.ts';

/** Undefined where nothing is measured: then nothing is made for it. */
export interface Observe {
  /** A request message was read. */
  readonly begun: (exchange: Decoded) => void;
  /** Around what the server does; gives it the trace that it is part of. Undefined where nothing is traced. */
  readonly upstream: undefined | ((admitted: Admitted, run: (admitted: Admitted) => Promise<Outcome>) => Promise<Outcome>);
  /** `httpStatus` undefined: a call of a script, which has no answer of its own. */
  readonly ended: (exchange: Decoded, outcome: Outcome, httpStatus: number | undefined) => void;
}

export interface ObserveDeps {
  readonly tally: RequestTally | undefined;
  readonly tracing: Tracing | undefined;
  readonly nowMs: () => number;
}

const CARRIED = ['traceparent', 'tracestate', 'baggage'] as const;

export function createObserve({ tally, tracing, nowMs }: ObserveDeps): Observe | undefined {
  if (tally === undefined && tracing === undefined) return undefined;
  const spans = new WeakMap<Decoded, StartedSpan>();
  return {
    begun: (exchange) => {
      tally?.begun();
      if (tracing !== undefined) spans.set(exchange, tracing.begin(nameOf(exchange), carrierOf(exchange), attributesOf(exchange)));
    },
    upstream:
      tracing &&
      ((admitted, run) => {
        const span = spans.get(admitted);
        return span === undefined ? run(admitted) : traced(span, admitted, run);
      }),
    ended: (exchange, outcome, httpStatus) => {
      const word = wordFor(outcome);
      const { target } = exchange as Partial<Resolved>;
      tally?.ended({
        endpoint: exchange.endpoint.name,
        method: exchange.method,
        server: target?.server,
        primitive: isNamed(exchange.method) ? target?.own : undefined,
        outcome: word,
        httpStatus,
        durationMs: nowMs() - exchange.startedMs,
      });
      if (tracing === undefined) return;
      spans.get(exchange)?.end({ error: word === 'ok' ? undefined : word, attributes: { ...endAttributes(exchange as Decoded & Partial<Resolved>, outcome), ...(httpStatus === undefined ? {} : { 'http.response.status_code': httpStatus }) } });
    },
  };
}

async function traced(span: StartedSpan, admitted: Admitted, run: (admitted: Admitted) => Promise<Outcome>): Promise<Outcome> {
  const { method, target } = admitted;
  const client = span.child(isNamed(method) ? `${method} ${target.own}` : method, { ...methodAttributes(method, target.own), 'metamcp.server': target.server });
  const { carrier } = client;
  const meta = metaOf(admitted.upstreamParams);
  Object.assign(admitted, {
    upstreamParams: { ...admitted.upstreamParams, _meta: { ...meta, ...carrier } } satisfies JsonObject,
    paramHeaders: { ...admitted.paramHeaders, ...carrier },
  });
  const outcome = await run(admitted);
  const word = wordFor(outcome);
  client.end({ error: word === 'ok' ? undefined : word });
  return outcome;
}

/** What the message says of its trace; a message may come over a connection that is part of another. */
function carrierOf({ params, http }: Decoded): TraceCarrier {
  const meta = metaOf(params);
  const from = (one: string): string | undefined => {
    const said = meta[one];
    if (typeof said === 'string') return said;
    const header = http.headers[one];
    return meta['traceparent'] === undefined && typeof header === 'string' ? header : undefined;
  };
  return Object.fromEntries(CARRIED.map((one) => [one, from(one)]));
}

/** Tools and prompts have names, which are few; resources have addresses. */
function isNamed(method: string): boolean {
  return method === 'tools/call' || method === 'prompts/get';
}

/** Semantic conventions for MCP: "{mcp.method.name} {target}". */
function nameOf({ method, params }: Decoded): string {
  const { name } = params;
  return isNamed(method) && typeof name === 'string' ? `${method} ${name.slice(0, 128)}` : method.slice(0, 64);
}

function attributesOf({ method, params, client, endpoint, correlationId, id, http }: Decoded) {
  const { name } = params;
  return {
    ...methodAttributes(method, typeof name === 'string' ? name.slice(0, 128) : undefined),
    'mcp.protocol.version': client.revision,
    'jsonrpc.request.id': String(id).slice(0, 64),
    'network.transport': 'tcp',
    'network.protocol.name': 'http',
    'http.request.method': http.method ?? 'POST',
    'metamcp.endpoint': endpoint.name,
    'metamcp.request_id': correlationId,
    ...(client.session === undefined ? {} : { 'metamcp.session': client.session.label }),
  };
}

function methodAttributes(method: string, name: string | undefined): Record<string, string> {
  if (method === 'tools/call') return { 'mcp.method.name': method, 'gen_ai.operation.name': 'execute_tool', ...(name === undefined ? {} : { 'gen_ai.tool.name': name }) };
  if (method === 'prompts/get') return { 'mcp.method.name': method, ...(name === undefined ? {} : { 'gen_ai.prompt.name': name }) };
  return { 'mcp.method.name': method.slice(0, 64) };
}

function endAttributes({ target, decision, principal }: Decoded & Partial<Resolved>, outcome: Outcome): Record<string, string> {
  return {
    'metamcp.principal.kind': principal.kind,
    ...(target === undefined ? {} : { 'metamcp.server': target.server }),
    ...(decision === undefined ? {} : { 'metamcp.policy.rule': decision.rule }),
    ...(outcome.kind === 'error' ? { 'rpc.response.status_code': String(outcome.error.code) } : outcome.kind === 'fault' ? { 'rpc.response.status_code': String(outcome.fault.rpc) } : {}),
  };
}
