/**
 * The gateway put together: builds everything, starts it, stops it in reverse. The only file that knows both planes.
 *
 * The control plane changes what is stored and publishes a snapshot; the data plane answers from the snapshot it finds.
 */
import { createHash } from 'node:crypto';
import { delimiter } from 'node:path';
import { type AddressOf, createAddressOf } from './auth/client-address.ts';
import { createFailureThrottle, FAILURE_THROTTLE, type FailureThrottle } from './auth/failure-throttle.ts';
import { checkHostAndOrigin, createHostRules, type HostRules } from './auth/host-rules.ts';
import { type InstanceKey, openInstanceKey } from './auth/instance-key.ts';
import { digestOf } from './auth/keys.ts';
import { newOperatorToken } from './auth/operator-token.ts';
import { type Authorization, createAuthorization } from './authorization.ts';
import type { Clock } from './base/clock.ts';
import type { Fault } from './base/fault.ts';
import { createIdSequence, type RandomBytes, randomFraction } from './base/ids.ts';
import { checkListening, describeSettings, isLoopback, type ResolvedSettings } from './config.ts';
import { createFindCommand } from './control-plane/config-file/find-command.ts';
import type { ConfigText } from './control-plane/config-file/read-config-text.ts';
import { watchConfigFile } from './control-plane/config-file/watch-config-file.ts';
import { applyConfigFile } from './control-plane/configuration/apply-file.ts';
import { makeFirstRun } from './control-plane/configuration/first-run.ts';
import { maskedDocument } from './control-plane/configuration/mask.ts';
import { writeGatewayFile } from './control-plane/gateway-file.ts';
import { operatorTokenAuthenticator } from './control-plane/identify.ts';
import { type AdminEvents, createAdminEvents } from './control-plane/events/admin-events.ts';
import { createKeyUses, KEY_USES_FLUSH_MS, type KeyUses } from './control-plane/keys/key-uses.ts';
import { openStarterKey } from './control-plane/keys/starter-key.ts';
import type { InstanceSettings } from './control-plane/operation.ts';
import { createServerValues } from './control-plane/secrets/server-values.ts';
import { createPublisher, type Publisher, type PublisherDeps } from './control-plane/publish.ts';
import { toLinkAddress } from './control-plane/people/links.ts';
import { type AdminHandler, createAdminHandler } from './control-plane/serve.ts';
import { createDefinitionWatch, type DefinitionWatch, withDefinitionWatch } from './definition-watch.ts';
import { createDataPlane, type DataPlane } from './data-plane/data-plane.ts';
import { PATH_PREFIX } from './data-plane/receive.ts';
import { createSealer } from './data-plane/sealer.ts';
import { sessionLimits } from './data-plane/sessions.ts';
import { type Governance, openGovernance } from './governance.ts';
import { openInstanceSettings } from './instance-settings.ts';
import { createRecordedCalls } from './recorded-calls.ts';
import { createLinkOpener } from './link-opener.ts';
import { type Listening, listen } from './listening.ts';
import { gatewayMetrics } from './gateway-metrics.ts';
import { createLiveDiscovery } from './live-discovery.ts';
import { createLiveServers } from './live-servers.ts';
import { createLiveInspections } from './live-inspections.ts';
import { createLiveSessions } from './live-sessions.ts';
import { listenForMetrics } from './metrics-listening.ts';
import type { ConfigInput } from './model/config-document.ts';
import { SERVICE } from './model/grant.ts';
import { problemsOf, problemText } from './model/config-problem.ts';
import type { People } from './model/oauth.ts';
import { toSignedIn, toSignInDeps } from './sign-in-deps.ts';
import { createLog, type Log } from './observability/log.ts';
import { describePeopleSettings } from './people-settings.ts';
import { openTemplateShelf, type StartedOnDemand, startOnDemand, type TemplateShelf } from './on-demand.ts';
import { type OpenedPeople, openPeople } from './people.ts';
import { Redactor } from './observability/redactor.ts';
import { openRecording, type Recording } from './recording.ts';
import { createMiddlewarePost } from './middleware-post.ts';
import { createObserving } from './observing.ts';
import { startTelemetry, type Telemetry } from './telemetry.ts';
import { readTelemetrySettings } from './telemetry-settings.ts';
import { lateEvents, logState, tellReady } from './server-events.ts';
import type { Environment } from './snapshot/values.ts';
import { Envelope } from './storage/data-keys.ts';
import { lockDataFolder } from './storage/data-folder.ts';
import { saveScriptRun, takeScriptRun } from './storage/script-runs.ts';
import { openStorage, type Storage } from './storage/open-storage.ts';
import { withUiPages } from './ui-pages.ts';
import { createUpstreamSignIns, type UpstreamSignIns } from './upstream-sign-ins.ts';
import { toEgressAllowance } from './upstream/dialer/address-rule.ts';
import { createDialer, type Dialer } from './upstream/dialer/dialer.ts';
import { createUpstreams } from './upstream/pool.ts';
import { OrphanWatcher } from './upstream/stdio/orphan-watcher.ts';
import type { Upstreams } from './upstream/upstreams.ts';

/** Requests with larger bodies are refused before they are read. */
const BODY_BYTES_MAX = 4 << 20;
const DRAIN_MS = 30_000;

export interface GatewayOptions {
  readonly resolved: ResolvedSettings;
  /** The configuration file of `--config`; it owns what it made and is followed. */
  readonly file: (ConfigText & { readonly path: string }) | undefined;
  /** What a gateway gets that has no file and never had anything else. */
  readonly firstRun: ConfigInput;
  /** Read again whenever a server starts. */
  readonly environment: () => Environment;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly version: string;
  /** What a person at the console should see: progress of the start, warnings. */
  readonly say: (line: string) => void;
  /** Who signs in for OAuth; undefined: the users of this gateway. */
  readonly people?: People;
}

export interface Gateway {
  readonly url: string;
  readonly publisher: Publisher;
  readonly upstreams: Upstreams;
  /** Value of a key that opens every endpoint, while it is known. */
  readonly starterKey: string | undefined;
  /** Makes the first operator, once; undefined while there is one. */
  readonly adminLink: string | undefined;
  /** No new requests; calls in flight finish or are told; servers end. Resolves when nothing is left. */
  readonly close: () => Promise<void>;
}

/** How to undo one step of the start. */
type Undo = () => void | Promise<void>;

/** What the parts share once the data folder is open. */
interface Base {
  readonly options: GatewayOptions;
  readonly undo: Undo[];
  readonly log: Log;
  readonly storage: Storage;
  readonly instanceKey: InstanceKey;
  readonly envelope: Envelope;
  /** From now on no line of the log shows it. */
  readonly protect: (secret: string) => void;
  readonly starterKey: string | undefined;
  readonly rules: HostRules;
  readonly publisher: Publisher;
  readonly instance: InstanceSettings;
  readonly listening: { current?: Listening };
  readonly addressOf: AddressOf;
  /** Refused credentials, of MCP and admin requests together. */
  readonly failures: FailureThrottle;
  readonly keyUses: KeyUses;
  readonly dialer: Dialer;
  readonly shelf: TemplateShelf;
  readonly people: OpenedPeople;
  readonly recording: Recording;
  readonly telemetry: Telemetry;
  readonly governance: Governance;
  readonly adminEvents: AdminEvents;
}

/** Faults: `config.invalid`, `storage.*`. Whatever was started by then is stopped again. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const undo: Undo[] = [];
  try {
    const base = await openBase(options, undo);
    const upstreams = startUpstreams(base);
    await startListening(base, upstreams);
    await tellReady(upstreams.upstreams, base.log, options.say);
    await watchFile(base);
    await upstreams.workflows.resume();
    undo.push(() => upstreams.workflows.close());
    return { url: addressOf(base), publisher: base.publisher, upstreams: upstreams.upstreams, starterKey: base.starterKey, adminLink: adminLinkOf(base), close: () => stopAll(undo) };
  } catch (thrown) {
    await stopAll(undo);
    throw thrown;
  }
}

async function stopAll(undo: Undo[]): Promise<void> {
  for (const step of undo.splice(0).reverse()) await step();
}

async function openBase(options: GatewayOptions, undo: Undo[]): Promise<Base> {
  const { clock, random, resolved, say } = options;
  const { settings } = resolved;
  const folder = lockDataFolder(settings.data);
  undo.push(() => folder.release());
  const redactor = new Redactor();
  const log = createLog({ console: settings.logLevel, dataFolder: settings.data, clock, redact: (line) => redactor.redact(line), fileBytesMax: settings.logFileBytesMax, filesMax: settings.logFilesMax });
  undo.push(() => log.close());
  const instanceKey = openInstanceKey(settings.data, random);
  const storage = await openStorage({ folder, databaseUrl: settings.databaseUrl, clock, keyCheck: instanceKey.check, report: (problem) => log.error('storage', { detail: problem.message }) });
  undo.push(() => storage.close());
  const keyUses = createKeyUses({ storage, clock, flushMs: KEY_USES_FLUSH_MS, report: (problem) => log.warn('key uses', { detail: String(problem) }) });
  undo.push(() => keyUses.stop());
  const starter = await openStarterKey({ storage, clock, random, instanceKey });
  const shelf = openTemplateShelf(settings.data, (problem) => log.warn('templates', { detail: problem }));
  const publisher = await createPublisher({
    storage,
    sealing: instanceKey.sealing,
    random,
    clock,
    compileOptions: { ...compileOptions(options, instanceKey), findTemplate: shelf.find },
    check: (snapshot) => checkListening(settings, snapshot),
  });
  await loadConfiguration(options, publisher, instanceKey);
  const { servers, endpoints, warnings } = publisher.snapshot();
  log.info('configuration loaded', { servers: servers.size, endpoints: endpoints.size });
  say(`configuration loaded: ${servers.size} servers, ${endpoints.size} endpoints`);
  const instance = openInstanceSettings(resolved, publisher, log);
  const listening: Base['listening'] = {};
  const dialer = createDialer({ clock, allowances: () => instance.now().egressAllow.map(toEgressAllowance), ownListeners: () => (listening.current === undefined ? [] : [{ address: settings.host, port: listening.current.port }]) });
  const telemetry = await startTelemetry({ settings: readTelemetrySettings(options.environment()), isCounting: settings.metrics, clock, dialer, log, redact: (text) => redactor.redact(text), version: options.version, instanceId: Buffer.from(random(8)).toString('hex') });
  undo.push(() => telemetry.close());
  const people = await openPeople({ environment: options.environment(), isProduction: settings.production, publicUrls: settings.publicUrl, storage, instanceKey, clock, random, dialer, report: (problem) => log.warn('people', { detail: problem }) });
  for (const warning of [...resolved.warnings, ...warnings, ...people.warnings]) say(`warning: ${warning}`);
  const rules = createHostRules(settings.publicUrl, [...settings.allowedHosts, ...(isLoopback(settings.host) ? [] : [settings.host])]);
  const addressOf = createAddressOf(settings.trustedProxies);
  const recording = await openRecording({ settings, retention: instance.now, storage, instanceKey, clock, random, addressOf, clean: (text) => redactor.redact(text), report: (problem) => log.error('audit', { detail: problem }) });
  undo.push(() => recording.close());
  const governance = await openGovernance({ recorded: createRecordedCalls(recording.recordings.store, recording.recordings.settle), storage, clock, random, dialer, snapshot: publisher.snapshot, publicUrl: () => publicUrlOf({ options, listening }), sharedStoreUrl: settings.sharedStoreUrl, people: options.people ?? people.forOAuth, report: (event, fields) => log.warn(event, fields) });
  undo.push(() => governance.close());
  return { options, undo, recording, governance, log, storage, instanceKey, envelope: new Envelope({ wrapping: instanceKey.wrapping, random, clock }), protect: (secret) => redactor.add(secret), starterKey: starter?.value, rules, publisher, instance, listening, dialer, shelf, people, telemetry, addressOf, adminEvents: createAdminEvents(publisher), failures: createFailureThrottle({ clock, ...FAILURE_THROTTLE }), keyUses };
}

async function loadConfiguration({ file, firstRun, clock, random, say }: GatewayOptions, publisher: Publisher, instanceKey: InstanceKey): Promise<void> {
  if (file === undefined) {
    await makeFirstRun(publisher, firstRun, clock.nowMs());
    return;
  }
  const { keys } = await applyConfigFile(publisher, file, { clock, random, instanceKey });
  for (const { name, value } of keys) say(`key ${name}, shown this once: ${value}`);
}

function compileOptions({ environment, resolved }: GatewayOptions, instanceKey: InstanceKey): PublisherDeps['compileOptions'] {
  const values = environment();
  return {
    digest: (text) => createHash('sha256').update(text).digest('hex'),
    keyDigest: (value) => digestOf(instanceKey.pepper, value),
    findCommand: createFindCommand({ platform: process.platform, path: values['PATH'] ?? ['/usr/bin', '/bin'].join(delimiter), pathExtensions: values['PATHEXT'] }),
    environment: values,
    isProduction: resolved.settings.production,
  };
}

interface Live extends StartedOnDemand {
  readonly authorization: Authorization;
  readonly upstreams: Upstreams;
  readonly dataPlane: DataPlane;
  readonly token: string;
  readonly signIns: UpstreamSignIns;
  readonly definitions: DefinitionWatch;
}

function startUpstreams(base: Base): Live {
  const { options, undo, log, publisher, instanceKey, dialer } = base;
  const { clock, random } = options;
  const watcher = new OrphanWatcher({ clock, platform: process.platform, onProblem: (detail) => log.error('orphan watcher', { detail }) });
  undo.push(() => watcher.close());
  const { settings } = options.resolved;
  const late: { dataPlane?: DataPlane; upstreams?: Upstreams; definitions?: DefinitionWatch } = {};
  const token = newOperatorToken(random);
  const values = createServerValues({ storage: base.storage, envelope: base.envelope, environment: options.environment, protect: base.protect });
  const signIns = createUpstreamSignIns(toSignInDeps(base, { publicUrl: () => publicUrlOf(base), dialer, values, token, signedIn: toSignedIn(options.people ?? base.people.forOAuth), changed: (key, isGiven) => late.upstreams?.grantChanged?.(key.server, key.principal === SERVICE ? undefined : key.principal, isGiven) }));
  const { onDemand, workflows } = startOnDemand(base, watcher, () => late.dataPlane);
  const info = { name: 'metamcp', title: 'MetaMCP', version: options.version };
  const upstreams = createUpstreams({
    clock,
    random: () => randomFraction(random),
    gatewayInfo: info,
    openLink: createLinkOpener({ clock, random: () => randomFraction(random), environment: options.environment, dialer, watcher, log, values, signIns, builtin: onDemand.openLink }),
    events: withDefinitionWatch(lateEvents(() => late.dataPlane, (server) => logState(log, server, upstreams.state(server), base.adminEvents)), () => late.definitions?.changed()),
    onDropped: (server, reason, detail) => log.warn('dropped', { server, reason, detail }),
  });
  late.upstreams = upstreams;
  const definitions = (late.definitions = createDefinitionWatch({ clock, log, publisher, upstreams }));
  undo.push(() => upstreams.close(), () => definitions.stop());
  const authorization = startAuthorization(base, dialer, (credentialId) => late.dataPlane?.endCredential(credentialId));
  const dataPlane = createDataPlane({
    ...base.governance.forDataPlane,
    clock,
    signIns: signIns.desk,
    scriptRuns: { save: (run) => saveScriptRun(base.storage.db, run, clock.nowMs()), take: (id) => takeScriptRun(base.storage.db, id, clock.nowMs()) },
    snapshot: publisher.snapshot,
    upstreams,
    info,
    sealer: createSealer(instanceKey.sealing, random),
    randomId: () => Buffer.from(random(24)).toString('base64url'),
    newCorrelationId: createIdSequence('req', random),
    digestOf: (credential) => digestOf(instanceKey.pepper, credential),
    operatorDigest: digestOf(instanceKey.pepper, token),
    calls: base.recording.calls,
    ...createObserving(base),
    middlewarePost: createMiddlewarePost({ clock, dialer }),
    addressOf: base.addressOf,
    failed: (http) => base.failures.failed(base.addressOf(http)),
    verifyToken: authorization.verifyToken,
    challenge: authorization.challenge,
    bodyBytesMax: BODY_BYTES_MAX,
    sessionLimits: sessionLimits(settings.sessionsMax, settings.sessionIdleMs),
  });
  late.dataPlane = dataPlane;
  base.telemetry.add(...gatewayMetrics(dataPlane, upstreams));
  publisher.onPublish((snapshot) => {
    upstreams.apply(snapshot.servers);
    dataPlane.snapshotChanged();
    definitions.changed();
    log.info('configuration loaded', { generation: snapshot.generation, servers: snapshot.servers.size, endpoints: snapshot.endpoints.size });
  });
  upstreams.apply(publisher.snapshot().servers);
  return { authorization, upstreams, dataPlane, token, signIns, definitions, onDemand, workflows };
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
    settings: base.instance.now,
    endpoints: () => publisher.snapshot().endpoints,
    publicUrl: () => publicUrlOf(base),
    people: options.people ?? base.people.forOAuth,
    revoked,
  });
  undo.push(() => authorization.close());
  return authorization;
}

/** Never from a request: what it says of our address is a stranger's word. */
function publicUrlOf(base: Pick<Base, 'options' | 'listening'>): string {
  return base.options.resolved.settings.publicUrl[0]?.replace(/\/$/, '') ?? addressOf(base);
}

async function startListening(base: Base, live: Live): Promise<void> {
  const { options, undo, log, rules, listening } = base;
  const { settings } = options.resolved;
  const admin = withUiPages(adminHandler(base, live), { rules, report: (problem) => log.error('pages', { detail: String(problem) }) });
  const { serve, refuse } = live.dataPlane;
  const metrics = await listenForMetrics(settings, { clock: options.clock, sources: base.telemetry.sources, snapshot: base.publisher.snapshot, digestOf: (value) => digestOf(base.instanceKey.pepper, value), authenticators: [operatorTokenAuthenticator(live.token), base.people.authenticate], throttle: base.failures, addressOf: base.addressOf, checkHost: (http) => checkHostAndOrigin(http, rules) });
  undo.push(() => metrics.close());
  listening.current = await listen(
    settings,
    (http, response) => {
      const pages = [live.signIns.pages, base.governance.pages].find((candidate) => candidate.handles(http.url));
      if (pages === undefined && http.url?.startsWith(PATH_PREFIX) !== true) {
        if (metrics.serves(http, response)) return;
        if (live.authorization.serves(http.url ?? '')) void live.authorization.handle(http, response);
        else admin(http, response);
        return;
      }
      try {
        checkHostAndOrigin(http, rules);
      } catch (thrown) {
        refuse(http, response, thrown);
        return;
      }
      void (pages === undefined ? serve(http, response) : pages.serve(http, response));
    },
    options.clock,
  );
  const closing = listening.current;
  // Streams and sessions end first, so that the listener has nothing left to wait for.
  undo.push(async () => {
    const closed = closing.close(DRAIN_MS);
    live.dataPlane.close();
    base.adminEvents.close();
    await closed;
  });
  const url = addressOf(base);
  undo.push(writeGatewayFile(settings.data, { url, pid: process.pid, token: live.token }));
  log.info('listening', { url });
  const adminLink = adminLinkOf(base);
  if (adminLink !== undefined) log.info('first operator', { link: adminLink });
  options.say(`listening on ${url}`);
}

function addressOf({ options, listening }: Pick<Base, 'options' | 'listening'>): string {
  const { host, port } = options.resolved.settings;
  return `http://${host.includes(':') ? `[${host.replace(/^\[|\]$/g, '')}]` : host}:${listening.current?.port ?? port}`;
}

function adminLinkOf(base: Base): string | undefined {
  const token = base.people.firstOperatorToken;
  return token === undefined ? undefined : toLinkAddress(publicUrlOf(base), token);
}

function adminHandler(base: Base, live: Live): AdminHandler {
  const { options, log, storage, instanceKey, publisher, rules } = base;
  const { clock, random, resolved, version } = options;
  return createAdminHandler({
    services: {
      storage,
      clock,
      random,
      instanceKey,
      discovery: createLiveDiscovery(live.dataPlane.discoveryDesk, publisher.snapshot),
      onDemand: live.onDemand.services,
      workflows: live.workflows.services,
      live: createLiveServers(live.upstreams, publisher.snapshot, live.dataPlane),
      envelope: base.envelope,
      grants: live.signIns.live,
      consents: live.authorization.consents,
      definitions: live.definitions.live,
      approvals: base.governance.approvals,
      governance: base.governance.live,
      sessions: createLiveSessions(live.dataPlane.sessions, clock),
      inspections: createLiveInspections(live.dataPlane.inspections),
      snapshot: publisher.snapshot,
      objects: publisher.objects,
      publish: publisher.publish,
      change: publisher.change,
      configFile: options.file?.path,
      dataFolder: resolved.settings.data,
      describeConfig: () => ({ document: maskedDocument(publisher.document()), settings: [...describeSettings(resolved).map(({ name, value, from }) => ({ name, value, source: from })), ...describePeopleSettings(options.environment())] }),
      publicUrl: () => publicUrlOf(base),
      people: base.people.services,
      settings: base.instance,
      recordings: base.recording.recordings,
    },
    version,
    checkHost: (http) => checkHostAndOrigin(http, rules),
    events: base.adminEvents,
    addressOf: base.addressOf,
    record: (entry) => {
      base.telemetry.tally?.answered('admin', entry.status);
      log.info('admin', { requestId: entry.requestId, operation: entry.operation, principal: entry.principal, status: entry.status, code: entry.fault?.code, detail: entry.fault?.detail, durationMs: entry.durationMs });
    },
    authenticators: [operatorTokenAuthenticator(live.token), base.people.authenticate],
    throttle: base.failures,
  });
}

async function watchFile({ log, options, publisher, instanceKey, undo }: Base): Promise<void> {
  const { file, clock, random, say } = options;
  if (file === undefined) return;
  const { path } = file;
  const onInvalid = (fault: Fault): void => {
    const problems = problemsOf(fault).map(problemText);
    const lines = problems.length > 0 ? problems : [fault.detail ?? fault.message];
    log.error('configuration refused, the old one stays', { detail: lines.join('; ') });
    say(`${path} is not valid, the configuration before stays:\n  ${lines.join('\n  ')}`);
  };
  const onChange = async (changed: ConfigText): Promise<void> => {
    const { keys } = await applyConfigFile(publisher, { ...changed, path }, { clock, random, instanceKey });
    for (const { name, value } of keys) say(`key ${name}, shown this once: ${value}`);
  };
  const watch = await watchConfigFile(path, { clock, currentText: file.text, onChange, onInvalid });
  undo.push(() => watch.close());
}
