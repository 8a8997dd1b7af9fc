/** The living side of the gateway: servers, the data plane in front of them, sign-ins and what is made on demand. */
import { join } from 'node:path';
import { digestOf } from '../auth/keys.ts';
import { newOperatorToken } from '../auth/operator-token.ts';
import { type Authorization, createAuthorization } from './authorization.ts';
import { createIdSequence, randomFraction } from '../base/ids.ts';
import { createServerValues } from '../control-plane/secrets/server-values.ts';
import { createDefinitionWatch, type DefinitionWatch, withDefinitionWatch } from './definition-watch.ts';
import { createDataPlane, type DataPlane, type DataPlaneDeps } from '../data-plane/data-plane.ts';
import { createServerShop } from './server-shop.ts';
import { createSealer } from '../data-plane/sealer.ts';
import { sessionLimits } from '../data-plane/sessions.ts';
import { createEmbeddingService } from './embedding-service.ts';
import { createLinkOpener } from './link-opener.ts';
import { gatewayMetrics } from './gateway-metrics.ts';
import { SERVICE } from '../model/grant.ts';
import { toSignedIn, toSignInDeps } from './sign-in-deps.ts';
import { innerServers, type StartedOnDemand, startOnDemand } from './on-demand.ts';
import { createMiddlewarePost } from './middleware-post.ts';
import { createObserving, type Observing } from './observing.ts';
import { lateEvents, logState } from './server-events.ts';
import { createServerPlacement } from './server-placement.ts';
import { openSharedResults } from './shared-results.ts';
import { saveScriptRun, takeScriptRun } from '../storage/script-runs.ts';
import { createUpstreamSignIns, type UpstreamSignIns } from './upstream-sign-ins.ts';
import type { Dialer } from '../upstream/dialer/dialer.ts';
import { createUpstreams } from '../upstream/pool.ts';
import { OrphanWatcher } from '../upstream/stdio/orphan-watcher.ts';
import type { Upstreams } from '../upstream/upstreams.ts';
import { type Base, publicUrlOf } from './gateway-base.ts';

/** Requests with larger bodies are refused before they are read. */
const BODY_BYTES_MAX = 4 << 20;

export interface Live extends StartedOnDemand {
  readonly authorization: Authorization;
  readonly upstreams: Upstreams;
  readonly dataPlane: DataPlane;
  readonly token: string;
  readonly signIns: UpstreamSignIns;
  readonly definitions: DefinitionWatch;
  /** Why new requests are refused now. */
  readonly overload: Observing['overload'];
}

export function startUpstreams(base: Base): Live {
  const { options, undo, log, publisher, instanceKey, dialer } = base;
  const { clock, random } = options;
  const watcher = new OrphanWatcher({ clock, platform: process.platform, onProblem: (detail) => log.error('orphan watcher', { detail }) });
  undo.push(() => watcher.close());
  const { settings } = options.resolved;
  const late: { dataPlane?: DataPlane; upstreams?: Upstreams; definitions?: DefinitionWatch } = {};
  const token = options.operatorToken ?? newOperatorToken(random);
  const values = createServerValues({ storage: base.storage, envelope: base.envelope, environment: options.environment, protect: base.protect });
  const signIns = createUpstreamSignIns(toSignInDeps(base, { publicUrl: () => publicUrlOf(base), dialer, values, token, signedIn: toSignedIn(options.people ?? base.people.forOAuth), changed: (key, isGiven) => grantChanged(base, late.upstreams, { server: key.server, principal: key.principal === SERVICE ? undefined : key.principal, isGiven }) }));
  const { onDemand, workflows } = startOnDemand(base, watcher, () => late.dataPlane);
  const placement = createServerPlacement({ settings, clock, random, log, environment: options.environment, places: base.replicas.servers, restart: async (server) => late.upstreams?.restart(server), serveInner: innerServers(publisher, onDemand) });
  const info = { name: 'metamcp', title: 'MetaMCP', version: options.version };
  const upstreams = createUpstreams({
    clock,
    random: () => randomFraction(random),
    gatewayInfo: info,
    openLink: createLinkOpener({ clock, random: () => randomFraction(random), environment: options.environment, dialer, watcher, log, packagesFolder: join(settings.data, 'packages'), values, signIns, placement, builtin: onDemand.openLink }),
    events: withDefinitionWatch(lateEvents(() => late.dataPlane, (server) => logState(log, server, upstreams.state(server), base.adminEvents)), () => late.definitions?.changed()),
    onDropped: (server, reason, detail) => log.warn('dropped', { server, reason, detail }),
  });
  late.upstreams = upstreams;
  const definitions = (late.definitions = createDefinitionWatch({ clock, log, publisher, upstreams }));
  undo.push(() => upstreams.close(), () => placement.close(), () => definitions.stop());
  const authorization = startAuthorization(base, dialer, (credentialId) => {
    late.dataPlane?.endCredential(credentialId);
    base.replicas.tell({ kind: 'credential', id: credentialId });
  });
  const observing = createObserving(base);
  const dataPlane = createDataPlane({
    ...base.governance.forDataPlane,
    clock,
    signIns: signIns.desk,
    snapshot: publisher.snapshot,
    upstreams,
    info,
    sealer: createSealer(instanceKey.sealing, random),
    randomId: () => Buffer.from(random(24)).toString('base64url'),
    newCorrelationId: createIdSequence('req', random),
    digestOf: (credential) => digestOf(instanceKey.pepper, credential),
    operatorDigest: digestOf(instanceKey.pepper, token),
    calls: base.recording.calls,
    ...searching(base),
    ...observing,
    middlewarePost: createMiddlewarePost({ clock, dialer }),
    sharedResults: openSharedResults(base),
    addressOf: base.addressOf,
    failed: (http) => base.failures.failed(base.addressOf(http)),
    verifyToken: authorization.verifyToken,
    challenge: authorization.challenge,
    bodyBytesMax: BODY_BYTES_MAX,
    sharing: base.replicas.sharing,
    bodies: base.bodies,
    sessionLimits: sessionLimits(settings.sessionsMax, settings.sessionIdleMs),
  });
  late.dataPlane = dataPlane;
  base.telemetry.add(...gatewayMetrics(dataPlane, upstreams));
  followSnapshots(base, { upstreams, dataPlane, definitions });
  return { authorization, upstreams, dataPlane, token, signIns, definitions, onDemand, workflows, overload: observing.overload };
}

function grantChanged({ replicas }: Base, upstreams: Upstreams | undefined, { server, principal, isGiven }: { readonly server: string; readonly principal: string | undefined; readonly isGiven: boolean }): void {
  upstreams?.grantChanged?.(server, principal, isGiven);
  replicas.tell({ kind: 'grant', server, principal, isGiven });
}

function followSnapshots({ publisher, log }: Base, { upstreams, dataPlane, definitions }: Pick<Live, 'upstreams' | 'dataPlane' | 'definitions'>): void {
  publisher.onPublish((snapshot) => {
    upstreams.apply(snapshot.servers);
    dataPlane.snapshotChanged();
    definitions.changed();
    log.info('configuration loaded', { generation: snapshot.generation, servers: snapshot.servers.size, endpoints: snapshot.endpoints.size });
  });
  upstreams.apply(publisher.snapshot().servers);
}

/** From now on other gateways count on this one. */
export function joinReplicas({ replicas, publisher }: Base, { dataPlane, upstreams, authorization }: Live): Promise<void> {
  return replicas.join({
    publisher,
    dataPlane,
    // The prefix is of grants; a key ends with the snapshot that it is not in.
    credentialEnded: (id) => authorization.consents.withdrawn(id.replace(/^grant:/, '')),
    grantChanged: (server, principal, isGiven) => upstreams.grantChanged?.(server, principal, isGiven),
  });
}

/** What searches have beside the words of tools, and where scripts that wait are kept. */
function searching({ options, storage, publisher, dialer, log }: Base): Pick<DataPlaneDeps, 'embeddings' | 'shop' | 'scriptRuns'> {
  const { clock, environment, resolved } = options;
  return {
    scriptRuns: { save: (run) => saveScriptRun(storage.db, run, clock.nowMs()), take: (id) => takeScriptRun(storage.db, id, clock.nowMs()) },
    embeddings: createEmbeddingService({ clock, dialer, storage, environment, failed: (detail) => log.warn('embeddings', { detail }) }),
    shop: createServerShop({ clock, dataFolder: resolved.settings.data, publisher, report: (problem) => log.warn('catalogue', { detail: problem }) }),
  };
}

function startAuthorization(base: Base, dialer: Dialer, revoked: (credentialId: string) => void): Authorization {
  const { options, undo, log, storage, instanceKey, rules, addressOf: addressOfClient, publisher } = base;
  const authorization = createAuthorization({
    storage,
    clock: options.clock,
    random: options.random,
    log,
    dialer,
    pepper: instanceKey.pepper,
    rules,
    addressOf: addressOfClient,
    redirectSchemes: options.resolved.settings.redirectSchemes,
    assertionIssuers: options.resolved.settings.oauthAssertionIssuers,
    settings: base.instance.now,
    endpoints: () => publisher.snapshot().endpoints,
    publicUrl: () => publicUrlOf(base),
    people: options.people ?? base.people.forOAuth,
    revoked,
  });
  undo.push(() => authorization.close());
  return authorization;
}
