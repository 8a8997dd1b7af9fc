/**
 * Traces: a server span for each MCP request and a client span for what its server does, joined with those of others
 * by W3C Trace Context (MCP carries it in `_meta` too, SEP-414). Loaded only where traces are configured.
 */
import { type Attributes, type Context, ROOT_CONTEXT, type Span, SpanKind, SpanStatusCode, type TextMapGetter, trace, type Tracer } from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';

/** What joins traces, as it stands on the wire. */
export interface TraceCarrier {
  readonly traceparent?: string | undefined;
  readonly tracestate?: string | undefined;
  readonly baggage?: string | undefined;
}

/** Of one request; null where it failed in no way. */
export interface SpanEnd {
  /** Closed list: a fault code, `tool_error`, or `rpc:CODE`. */
  readonly error: string | undefined;
  readonly attributes?: Attributes;
}

export interface StartedSpan {
  /** For whoever is called from within. */
  readonly carrier: TraceCarrier;
  /** A span of kind client, below this one. */
  readonly child: (name: string, attributes: Attributes) => StartedSpan;
  readonly end: (end: SpanEnd) => void;
}

export interface Tracing {
  /** A span of kind server, below what `carrier` names. */
  readonly begin: (name: string, carrier: TraceCarrier, attributes: Attributes) => StartedSpan;
}

/** Longer ones are noise or an attack (W3C Trace Context, 3.3.1.5; Baggage, 3.3.2). */
const HEADER_CHARS_MAX = 8_192;
const propagator = new W3CTraceContextPropagator();

const getter: TextMapGetter<TraceCarrier> = {
  keys: () => ['traceparent', 'tracestate'],
  get: (carrier, key) => (key === 'traceparent' ? carrier.traceparent : key === 'tracestate' ? carrier.tracestate : undefined),
};

export function createTracing(tracer: Tracer): Tracing {
  return {
    begin: (name, carrier, attributes) => start(tracer, { name, kind: SpanKind.SERVER, attributes, context: propagator.extract(ROOT_CONTEXT, carrier, getter), baggage: bounded(carrier.baggage) }),
  };
}

interface SpanPlan {
  readonly name: string;
  readonly kind: SpanKind;
  readonly attributes: Attributes;
  readonly context: Context;
  readonly baggage: string | undefined;
}

function start(tracer: Tracer, { name, kind, attributes, context, baggage }: SpanPlan): StartedSpan {
  const span = tracer.startSpan(name, { kind, attributes }, context);
  const within = trace.setSpan(context, span);
  return {
    get carrier() {
      const carrier: { traceparent?: string; tracestate?: string; baggage?: string } = baggage === undefined ? {} : { baggage };
      propagator.inject(within, carrier, { set: (into, key, value) => Object.assign(into, { [key]: value }) });
      return carrier;
    },
    child: (childName, childAttributes) => start(tracer, { name: childName, kind: SpanKind.CLIENT, attributes: childAttributes, context: within, baggage }),
    end: (outcome) => end(span, outcome),
  };
}

function end(span: Span, { error, attributes }: SpanEnd): void {
  if (attributes !== undefined) span.setAttributes(attributes);
  if (error !== undefined) span.setAttribute('error.type', error).setStatus({ code: SpanStatusCode.ERROR, message: error });
  span.end();
}

function bounded(text: string | undefined): string | undefined {
  return text !== undefined && text.length <= HEADER_CHARS_MAX && /^[\x20-\x7e]+$/.test(text) ? text : undefined;
}
