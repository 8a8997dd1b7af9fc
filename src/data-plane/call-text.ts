/**
 * The text of a call's record, put together from parts. Who calls, where and what repeat from call to call, so their
 * text is made once and kept with the object that it is about; the order of members is the same in every record.
 */
import type { HttpRequest } from '../base/http.ts';
import type { RecordedDecision } from '../audit/audit-record.ts';
import type { PendingRecord } from '../audit/record-pack.ts';
import type { KeyedDigest } from '../base/keyed-digest.ts';
import type { EndpointSpec } from '../model/endpoint.ts';
import type { Principal } from '../model/principal.ts';
import { isObject, type JsonObject } from '../protocol/messages.ts';
import { SEPARATOR } from '../protocol/names.ts';
import type { Entry } from './catalog.ts';
import type { Decoded, Resolved } from './exchange.ts';
import { claimedLabels, primitiveOf } from './policy-action.ts';

export interface PayloadSettings {
  readonly keepsArguments: boolean;
  readonly keepsResults: boolean;
  readonly bytesMax: number;
}

export interface CallTextDeps {
  readonly addressOf: (http: HttpRequest) => string;
  /** Takes secrets that are known by value out of a text. */
  readonly clean: (text: string) => string;
  /** Takes secrets out of a name that a client chose, and keeps the beginning of a long one. */
  readonly cleanName: (name: string) => string;
  readonly payloads: PayloadSettings;
  /** Of arguments and results: a digest without a key would let whoever reads the record try out what they were. */
  readonly digest: KeyedDigest;
}

const CLIENT_CHARS_MAX = 200;

/** Members `,"name":…` of what is known before a call is sent: a CallRecord from `principal` on. */
export function textOfCall(exchange: Decoded, deps: CallTextDeps): string {
  const { principal, endpoint, client, params, method } = exchange;
  const { target } = exchange as Partial<Pick<Resolved, 'target'>>;
  const claimed = target === undefined ? undefined : claimedLabels(params);
  const traceId = traceIdOf(exchange);
  return (
    textOfPrincipal(principal, deps) +
    textOfClient(client.info, deps) +
    (client.session === undefined ? '' : `,"session":${JSON.stringify(client.session.label)}`) +
    `,"address":${JSON.stringify(deps.addressOf(exchange.http))}` +
    textOfEndpoint(endpoint) +
    textOfTarget({ exchange, target, exposed: exposedOf(method, params) }, deps) +
    (claimed === undefined ? '' : `,"claimed":${deps.clean(JSON.stringify(claimed))}`) +
    `,"decidedAtMs":${exchange.atMs},"hasArguments":${params['arguments'] !== undefined},"argumentsDigest":"${digestOfArguments(exchange, deps.digest)}"` +
    (traceId === undefined ? '' : `,"traceId":"${traceId}"`)
  );
}

/** Member `,"decision":…`; empty where policy was not asked. */
export function textOfDecision(exchange: Decoded): string {
  const { decision, approvalId } = exchange as Partial<Pick<Resolved, 'decision' | 'approvalId'>>;
  if (decision === undefined) return '';
  const { effect, rule, shadow, decisionId } = decision;
  if (shadow === undefined && approvalId === undefined && decisionId === undefined) return `,"decision":{"effect":"${effect}","rule":${JSON.stringify(rule)}}`;
  return `,"decision":${JSON.stringify({ effect, rule, shadowEffect: shadow?.effect, shadowRule: shadow?.rule, approval: approvalId, engineDecision: decisionId } satisfies RecordedDecision)}`;
}

type KeptArguments = Pick<PendingRecord, 'arguments' | 'isArgumentsCut'>;
export const NO_ARGUMENTS: KeptArguments = { arguments: undefined, isArgumentsCut: false };

/** The arguments that policy decided on: those that came, or what middleware made of them. */
export function argumentsOf(exchange: Decoded, { payloads: { keepsArguments, bytesMax }, clean }: CallTextDeps): KeptArguments {
  if (!keepsArguments) return NO_ARGUMENTS;
  const { upstreamParams } = exchange as Partial<Pick<Resolved, 'upstreamParams'>>;
  const given = exchange.params['arguments'];
  const final = upstreamParams === undefined ? given : upstreamParams['arguments'];
  if (final === undefined) return NO_ARGUMENTS;
  const text = (final === given ? rawArgumentsOf(exchange) : undefined) ?? JSON.stringify(final);
  return text.length > bytesMax ? { arguments: clean(text.slice(0, bytesMax)), isArgumentsCut: true } : { arguments: clean(text), isArgumentsCut: false };
}

const principals = new WeakMap<Principal, string>();

function textOfPrincipal(principal: Principal, { clean }: CallTextDeps): string {
  let text = principals.get(principal);
  if (text === undefined) {
    const { credentialId, ...who } = principal;
    text = clean(`,"principal":${JSON.stringify(who)}${principal.kind === 'key' ? `,"key":${JSON.stringify(credentialId)}` : ''}`);
    principals.set(principal, text);
  }
  return text;
}

function textOfClient(info: JsonObject | undefined, { cleanName }: CallTextDeps): string {
  const { name, version } = info ?? {};
  if (typeof name !== 'string') return '';
  return `,"client":${JSON.stringify(cleanName((typeof version === 'string' ? `${name} ${version}` : name).slice(0, CLIENT_CHARS_MAX)))}`;
}

const endpoints = new WeakMap<EndpointSpec, string>();

function textOfEndpoint(endpoint: EndpointSpec): string {
  let text = endpoints.get(endpoint);
  if (text === undefined) endpoints.set(endpoint, (text = `,"endpoint":${JSON.stringify(endpoint.name)},"namespace":${JSON.stringify(endpoint.namespace.name)}`));
  return text;
}

interface Addressed {
  readonly exchange: Decoded;
  readonly target: Resolved['target'] | undefined;
  readonly exposed: string | undefined;
}

/** By the listed primitive: what its last call was, in the namespace that it was of. */
const targets = new WeakMap<Entry, { readonly method: string; readonly exposed: string | undefined; readonly namespace: object; readonly text: string }>();

/** From `method` to `isWrite`. */
function textOfTarget(addressed: Addressed, deps: CallTextDeps): string {
  const { exchange, target, exposed } = addressed;
  const { method, endpoint } = exchange;
  const { namespace } = endpoint;
  const entry = target?.entry;
  const known = entry && targets.get(entry);
  if (known?.method === method && known.exposed === exposed && known.namespace === namespace) return known.text;
  const text = newTextOfTarget(addressed, deps);
  if (entry !== undefined) targets.set(entry, { method, exposed, namespace, text });
  return text;
}

function newTextOfTarget({ exchange: { method, params, endpoint }, target, exposed }: Addressed, { cleanName }: CallTextDeps): string {
  const named = { method: cleanName(method), server: target?.server, tool: target && cleanName(target.own), exposed: exposed === undefined ? undefined : cleanName(exposed) };
  if (target === undefined) return `,${JSON.stringify({ ...named, isWrite: false }).slice(1, -1)}`;
  const primitive = primitiveOf(method, params);
  const risk = endpoint.namespace.policy?.riskOf(primitive, target.as + SEPARATOR + target.own);
  const annotations = target.entry?.definition['annotations'];
  const isReading = risk === 'read-only' || method !== 'tools/call' || (isObject(annotations) && annotations['readOnlyHint'] === true);
  return `,${JSON.stringify({ ...named, primitive, risk: risk ?? 'destructive', isWrite: !isReading }).slice(1, -1)}`;
}

/** Of the arguments as they came; of those that a tool of ours, a group or a script made of them; of all params where there are none. */
function digestOfArguments(exchange: Decoded, digest: KeyedDigest): string {
  const given = exchange.params['arguments'];
  if (given === undefined) return digest(exchange.rawParams?.bytes ?? JSON.stringify(exchange.params));
  return digest(rawArgumentsOf(exchange) ?? JSON.stringify(given));
}

/** The text of the arguments as it came; undefined where the call is of others, which never were on the wire. */
function rawArgumentsOf({ rawParams, params }: Decoded): string | undefined {
  return rawParams !== undefined && rawParams.value['arguments'] === params['arguments'] ? rawParams.member('arguments') : undefined;
}

function exposedOf(method: string, params: JsonObject): string | undefined {
  const name = method.startsWith('resources/') ? params['uri'] : params['name'];
  return typeof name === 'string' ? name : undefined;
}

/** W3C trace context, section 3.2. */
const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/;
const TRACE_ID = /^[0-9a-f]{1,64}$/;

function traceIdOf({ traceId, http }: Decoded): string | undefined {
  if (traceId !== undefined) return TRACE_ID.test(traceId) ? traceId : undefined;
  const { traceparent } = http.headers;
  return typeof traceparent === 'string' ? TRACEPARENT.exec(traceparent)?.[1] : undefined;
}
