/**
 * Which family a server speaks, found out while connecting (2026-07-28, basic/versioning, "Backward Compatibility").
 *
 * HTTP: one modern `server/discover`; a result or a recognised modern error means modern, any other refusal legacy.
 * stdio: `server/discover` first. Whatever comes back but a modern answer means legacy, on the same process. A process
 * that is silent may only be slow to start, so after a while it gets `initialize` as well and the first good answer
 * decides, a modern one on a process of its own; one that dies, or stays silent for half of the start time, is replaced and asked `initialize` alone.
 * What was found is remembered for each fingerprint.
 */
import type { Clock } from '../base/clock.ts';
import { type Fault, toFault } from '../base/fault.ts';
import type { ServerSpec } from '../model/server.ts';
import type { Envelope } from '../protocol/envelope.ts';
import type { Family, JsonObject } from '../protocol/messages.ts';
import { connectLegacyPeer, initializeParams, startLegacyPeer } from './legacy-peer.ts';
import type { LinkEvents, OpenLink } from './link.ts';
import { LinkPort } from './link-port.ts';
import { connectModernPeer, discoverMessage, PROBE_ID, startModernPeer } from './modern-peer.ts';
import { type Peer, type PeerDeps, requestText } from './peer.ts';

/** A stdio server that answers at all does so within this time, or is still starting. */
const SILENCE_MS = 2_000;
const HTTP_PROBE_MS_MAX = 5_000;
/** A verdict `legacy` may become stale without failing: the server may since have learned the other family. */
const VERDICT_TTL_MS = 10 * 60_000;
const VERDICTS_MAX = 10_000;
/** Id of the `initialize` that goes out beside an unanswered probe. */
const RACE_ID = PROBE_ID + 1;
const MODERN_ERRORS: ReadonlySet<number> = new Set([-32020, -32021, -32022]);

/** What servers turned out to be, by fingerprint. One for the whole gateway. */
export class Verdicts {
  readonly #clock: Clock;
  readonly #known = new Map<string, { readonly family: Family; readonly atMs: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  find(fingerprint: string): { readonly family: Family; readonly isStale: boolean } | undefined {
    const verdict = this.#known.get(fingerprint);
    return verdict && { family: verdict.family, isStale: this.#clock.monotonicMs() - verdict.atMs > VERDICT_TTL_MS };
  }

  set(fingerprint: string, family: Family): void {
    this.#known.delete(fingerprint);
    this.#known.set(fingerprint, { family, atMs: this.#clock.monotonicMs() });
    const [oldest] = this.#known.keys();
    if (this.#known.size > VERDICTS_MAX && oldest !== undefined) this.#known.delete(oldest);
  }

  forget(fingerprint: string): void {
    this.#known.delete(fingerprint);
  }
}

export interface DetectDeps extends PeerDeps {
  readonly verdicts: Verdicts;
}

/** Connects in whatever family `spec.revision` says, or in the one that the server turns out to speak. */
export async function connectUpstream(openLink: OpenLink, spec: ServerSpec, deps: DetectDeps): Promise<Peer> {
  if (spec.type === 'sse' || spec.revision === 'legacy') return connectLegacyPeer(openLink, spec, deps);
  if (spec.revision === 'modern') return connectModernPeer(openLink, spec, deps);
  const verdict = deps.verdicts.find(spec.fingerprint);
  const isKnown = verdict !== undefined && (!verdict.isStale || spec.type === 'http');
  if (!isKnown) return spec.type === 'http' ? detectHttp(openLink, spec, deps) : detectStdio(openLink, spec, deps);
  if (verdict.isStale && verdict.family === 'legacy') probeLater(openLink, spec, deps);
  try {
    return await (verdict.family === 'modern' ? connectModernPeer : connectLegacyPeer)(openLink, spec, deps);
  } catch (thrown) {
    // A server that broke the protocol it was known for may have been replaced by another version of itself.
    if (toFault(thrown).code === 'upstream.protocol_error') deps.verdicts.forget(spec.fingerprint);
    throw thrown;
  }
}

type Answer =
  | { readonly kind: 'modern'; readonly discovered: JsonObject | undefined }
  | { readonly kind: 'legacy' }
  | { readonly kind: 'silent' }
  | { readonly kind: 'gone'; readonly fault: Fault }
  | { readonly kind: 'failed'; readonly fault: Fault };

/** Asks `server/discover` on the link; settles once. */
function probe(port: LinkPort, deps: DetectDeps, timeoutMs: number): Promise<Answer> {
  return new Promise((resolve) => {
    const cancelTimer = deps.clock.after(timeoutMs, () => resolve({ kind: 'silent' }));
    const settle = (answer: Answer): void => {
      cancelTimer();
      resolve(answer);
    };
    const listener: LinkEvents = {
      // An HTTP server that could not make sense of the request answers without its id.
      message: (envelope, carrier) => {
        if ((envelope.kind === 'result' || envelope.kind === 'error') && (envelope.id ?? carrier) === PROBE_ID) settle(verdictOf(envelope));
      },
      failed: (_id, fault, status) => settle(isRefusal(status) ? { kind: 'legacy' } : { kind: 'failed', fault }),
      closed: (fault) => settle({ kind: 'gone', fault }),
      dropped: (reason, detail) => deps.onDropped(reason, detail),
    };
    port.attach(listener);
    try {
      port.link.send(discoverMessage(deps.gatewayInfo));
    } catch (thrown) {
      settle({ kind: 'gone', fault: toFault(thrown) });
    }
  });
}

function verdictOf(envelope: Envelope): Answer {
  const value = envelope.body?.value ?? {};
  if (envelope.kind === 'result') return Array.isArray(value['supportedVersions']) ? { kind: 'modern', discovered: value } : { kind: 'legacy' };
  return MODERN_ERRORS.has(Number(value['code'])) ? { kind: 'modern', discovered: undefined } : { kind: 'legacy' };
}

/** Statuses by which legacy servers refuse what they do not know. Credentials, redirects and rate limits say nothing about the family. */
function isRefusal(status: number | undefined): boolean {
  return status !== undefined && status >= 400 && ![401, 403, 407, 429, 502, 503, 504].includes(status);
}

async function detectHttp(openLink: OpenLink, spec: ServerSpec, deps: DetectDeps): Promise<Peer> {
  const port = await LinkPort.open(openLink);
  const answer = await probe(port, deps, Math.min(HTTP_PROBE_MS_MAX, spec.startTimeoutMs / 2));
  if (answer.kind === 'failed' || answer.kind === 'gone') {
    await port.link.close();
    throw answer.fault;
  }
  if (answer.kind === 'silent') port.link.abort(PROBE_ID);
  return settle(port, spec, deps, answer);
}

async function detectStdio(openLink: OpenLink, spec: ServerSpec, deps: DetectDeps): Promise<Peer> {
  const port = await LinkPort.open(openLink);
  const answer = await probe(port, deps, Math.min(SILENCE_MS, spec.startTimeoutMs / 4));
  if (answer.kind === 'modern' || answer.kind === 'legacy') return settle(port, spec, deps, answer);
  if (answer.kind === 'silent') {
    const peer = await raceFamilies(openLink, port, spec, deps);
    if (peer !== undefined) return peer;
  }
  await port.link.close();
  const upstream = await connectLegacyPeer(openLink, { ...spec, startTimeoutMs: spec.startTimeoutMs / 2 }, deps);
  deps.verdicts.set(spec.fingerprint, 'legacy');
  return upstream;
}

async function settle(port: LinkPort, spec: ServerSpec, deps: DetectDeps, answer: Answer): Promise<Peer> {
  const isModern = answer.kind === 'modern';
  const upstream = await (isModern ? startModernPeer(port, spec, deps, { lastId: PROBE_ID, discovered: answer.discovered }) : startLegacyPeer(port, spec, deps, { lastId: PROBE_ID }));
  deps.verdicts.set(spec.fingerprint, upstream.profile.family);
  return upstream;
}

/** The probe is still unanswered: sends `initialize` beside it. Undefined where neither was answered well in time. */
async function raceFamilies(openLink: OpenLink, port: LinkPort, spec: ServerSpec, deps: DetectDeps): Promise<Peer | undefined> {
  const winner = await new Promise<{ readonly family: Family; readonly result: JsonObject } | undefined>((resolve) => {
    let refusals = 0;
    const cancelTimer = deps.clock.after(spec.startTimeoutMs / 2, () => resolve(undefined));
    const settle = (first?: { readonly family: Family; readonly result: JsonObject }): void => {
      cancelTimer();
      resolve(first);
    };
    port.attach({
      message(envelope) {
        if (envelope.kind === 'result' && envelope.id === PROBE_ID && verdictOf(envelope).kind === 'modern') settle({ family: 'modern', result: envelope.body?.value ?? {} });
        else if (envelope.kind === 'result' && envelope.id === RACE_ID) settle({ family: 'legacy', result: envelope.body?.value ?? {} });
        else if (envelope.kind !== 'request' && (envelope.id === PROBE_ID || envelope.id === RACE_ID) && ++refusals === 2) settle();
      },
      failed: () => settle(),
      closed: () => settle(),
      dropped: (reason, detail) => deps.onDropped(reason, detail),
    });
    try {
      port.link.send({ text: requestText(RACE_ID, 'initialize', initializeParams(deps)), id: RACE_ID, method: 'initialize' });
    } catch {
      settle();
    }
  });
  if (winner === undefined) return undefined;
  deps.verdicts.set(spec.fingerprint, winner.family);
  if (winner.family === 'legacy') return await startLegacyPeer(port, spec, deps, { lastId: RACE_ID, initialized: winner.result });
  // A server that speaks both has been asked to open a session and may keep to it: a fresh process has not.
  await port.link.close();
  return await connectModernPeer(openLink, spec, deps);
}

/** A stale verdict serves; what the server says now counts for the next connection. Silence and failures leave it as it is. */
function probeLater(openLink: OpenLink, spec: ServerSpec, deps: DetectDeps): void {
  // Marked fresh at once, so that a burst of connections asks once.
  deps.verdicts.set(spec.fingerprint, 'legacy');
  const run = async (): Promise<void> => {
    const port = await LinkPort.open(openLink);
    const answer = await probe(port, deps, HTTP_PROBE_MS_MAX);
    if (answer.kind === 'modern') deps.verdicts.set(spec.fingerprint, 'modern');
    await port.link.close();
  };
  run().catch((thrown: unknown) => deps.onDropped('probe', toFault(thrown).detail ?? 'failed'));
}
