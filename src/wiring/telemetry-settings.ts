/**
 * Where telemetry goes: the standard variables of OpenTelemetry (specification, "Environment Variable Specification";
 * "OTLP Exporter Configuration"). Without one nothing is exported, and nothing is loaded for it.
 */
import { z } from 'zod';
import { TIMER_MS_MAX } from '../base/clock.ts';
import { configInvalid, type ConfigProblem } from '../model/config-problem.ts';
import type { Environment } from '../snapshot/values.ts';

export const SIGNALS = ['traces', 'metrics', 'logs'] as const;
export type Signal = (typeof SIGNALS)[number];

export interface SignalSettings {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

export interface TelemetrySettings {
  /** What is exported, and where. */
  readonly exported: Readonly<Partial<Record<Signal, SignalSettings>>>;
  readonly resource: Readonly<Record<string, string>>;
  /** Of traces that begin here, from 0 to 1. */
  readonly traceRatio: number;
  readonly metricIntervalMs: number;
}

const OFF: TelemetrySettings = { exported: {}, resource: {}, traceRatio: 1, metricIntervalMs: 60_000 };

/** Throws `config.invalid` with every problem, each named by its variable. */
export function readTelemetrySettings(environment: Environment): TelemetrySettings {
  if (environment['OTEL_SDK_DISABLED']?.toLowerCase() === 'true') return OFF;
  const problems: ConfigProblem[] = [];
  const read = reader(environment, problems);
  const exported: Partial<Record<Signal, SignalSettings>> = {};
  for (const signal of SIGNALS) {
    const found = signalOf(signal, read);
    if (found !== undefined) exported[signal] = found;
  }
  const settings: TelemetrySettings = {
    exported,
    resource: { ...pairs(read('OTEL_RESOURCE_ATTRIBUTES', z.string())), ...named(read('OTEL_SERVICE_NAME', z.string())) },
    traceRatio: ratioOf(read),
    metricIntervalMs: read('OTEL_METRIC_EXPORT_INTERVAL', milliseconds) ?? OFF.metricIntervalMs,
  };
  if (problems.length > 0) throw configInvalid(problems);
  return settings;
}

type Read = <Schema extends z.ZodType>(name: string, schema: Schema) => z.output<Schema> | undefined;

function reader(environment: Environment, problems: ConfigProblem[]): Read {
  return (name, schema) => {
    const text = environment[name];
    if (text === undefined || text === '') return undefined;
    const parsed = schema.safeParse(text);
    if (parsed.success) return parsed.data;
    // The value itself may hold a credential.
    problems.push({ path: name, line: undefined, column: undefined, message: parsed.error.issues[0]?.message ?? 'is not valid' });
    return undefined;
  };
}

const address = z.string().refine((text) => ['http:', 'https:'].includes(URL.parse(text)?.protocol ?? ''), 'expected an absolute http or https address');
const milliseconds = z.coerce.number('expected milliseconds').int().min(1).max(TIMER_MS_MAX);
const protocol = z.literal('http/json', 'expected http/json: OTLP is sent as JSON over HTTP, which collectors take at the address of http/protobuf too');

function signalOf(signal: Signal, read: Read): SignalSettings | undefined {
  const of = <Schema extends z.ZodType>(name: string, schema: Schema): z.output<Schema> | undefined => read(`OTEL_EXPORTER_OTLP_${signal.toUpperCase()}_${name}`, schema) ?? read(`OTEL_EXPORTER_OTLP_${name}`, schema);
  const exporter = read(`OTEL_${signal.toUpperCase()}_EXPORTER`, z.enum(['otlp', 'none'], 'expected otlp or none'));
  of('PROTOCOL', protocol);
  const own = read(`OTEL_EXPORTER_OTLP_${signal.toUpperCase()}_ENDPOINT`, address);
  const base = read('OTEL_EXPORTER_OTLP_ENDPOINT', address);
  // The address of a signal is taken as it is, the common one is a base (OTLP Exporter Configuration, "Endpoint URLs").
  const url = own ?? (base === undefined ? undefined : `${base.replace(/\/$/, '')}/v1/${signal}`);
  if (url === undefined || exporter === 'none') return undefined;
  return { url, headers: pairs(of('HEADERS', z.string())), timeoutMs: of('TIMEOUT', milliseconds) ?? 10_000 };
}

const SAMPLERS = ['always_on', 'always_off', 'traceidratio', 'parentbased_always_on', 'parentbased_always_off', 'parentbased_traceidratio'] as const;

function ratioOf(read: Read): number {
  const sampler = read('OTEL_TRACES_SAMPLER', z.enum(SAMPLERS, `expected one of ${SAMPLERS.join(', ')}`));
  const ratio = read('OTEL_TRACES_SAMPLER_ARG', z.coerce.number('expected a number from 0 to 1').min(0).max(1));
  if (sampler?.endsWith('always_on') === true) return 1;
  if (sampler?.endsWith('always_off') === true) return 0;
  return ratio ?? 1;
}

function named(name: string | undefined): Record<string, string> {
  return name === undefined ? {} : { 'service.name': name };
}

/** `name=value,name=value`, values percent-encoded (W3C Baggage, as the specification has it). */
function pairs(text: string | undefined): Record<string, string> {
  return Object.fromEntries(
    (text ?? '').split(',').flatMap((pair) => {
      const at = pair.indexOf('=');
      return at < 1 ? [] : [[pair.slice(0, at).trim(), decoded(pair.slice(at + 1).trim())]];
    }),
  );
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
