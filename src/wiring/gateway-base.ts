/** What every part of the gateway shares: the data folder opened, the configuration published, nothing listening yet. */
import { createHash } from 'node:crypto';
import { delimiter } from 'node:path';
import { type AddressOf, createAddressOf } from '../auth/client-address.ts';
import { createFailureThrottle, FAILURE_THROTTLE, type FailureThrottle } from '../auth/failure-throttle.ts';
import { createHostRules, type HostRules } from '../auth/host-rules.ts';
import { type InstanceKey, openInstanceKey } from '../auth/instance-key.ts';
import { digestOf } from '../auth/keys.ts';
import { ByteBudget } from '../base/byte-budget.ts';
import type { Clock } from '../base/clock.ts';
import type { RandomBytes } from '../base/ids.ts';
import { createKeyedDigest } from '../base/keyed-digest.ts';
import { checkListening, isLoopback, type ResolvedSettings } from '../config.ts';
import { createFindCommand } from '../control-plane/config-file/find-command.ts';
import type { ConfigText } from '../control-plane/config-file/read-config-text.ts';
import { applyConfigFile } from '../control-plane/configuration/apply-file.ts';
import { makeFirstRun } from '../control-plane/configuration/first-run.ts';
import { type AdminEvents, createAdminEvents } from '../control-plane/events/admin-events.ts';
import { createKeyUses, KEY_USES_FLUSH_MS, type KeyUses } from '../control-plane/keys/key-uses.ts';
import { openStarterKey } from '../control-plane/keys/starter-key.ts';
import type { InstanceSettings } from '../control-plane/operation.ts';
import { createPublisher, type Publisher, type PublisherDeps } from '../control-plane/publish.ts';
import { type Governance, openGovernance } from './governance.ts';
import { openInstanceSettings } from './instance-settings.ts';
import { createRecordedCalls } from './recorded-calls.ts';
import type { Listening } from '../listener/listening.ts';
import { RequestQueue } from '../listener/request-queue.ts';
import type { ConfigInput } from '../model/config-document.ts';
import type { People } from '../model/oauth.ts';
import { createLog, type Log } from '../observability/log.ts';
import { openTemplateShelf, type TemplateShelf } from './on-demand.ts';
import { type OpenedPeople, openPeople } from './people.ts';
import { Redactor } from '../observability/redactor.ts';
import { openReplicas, type ReplicaSet } from './replica-set.ts';
import { readSharedInstanceKey } from './shared-instance-key.ts';
import { openRecording, type Recording } from './recording.ts';
import { startTelemetry, type Telemetry } from './telemetry.ts';
import type { Settings } from '../model/settings.ts';
import { readTelemetrySettings } from './telemetry-settings.ts';
import type { Environment } from '../snapshot/values.ts';
import { Envelope } from '../storage/data-keys.ts';
import { lockDataFolder } from '../storage/data-folder.ts';
import { openStorage, type Storage } from '../storage/open-storage.ts';
import { takeTurn } from '../storage/take-turn.ts';
import { toEgressAllowance } from '../upstream/dialer/address-rule.ts';
import { createDialer, type Dialer } from '../upstream/dialer/dialer.ts';

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
  /** Undefined: a new one. */
  readonly operatorToken?: string;
  /** Who signs in for OAuth; undefined: the users of this gateway. */
  readonly people?: People;
}

/** Bodies of all requests in flight, together. */
const BODIES_BYTES_MAX = 128 << 20;

/** How to undo one step of the start. */
export type Undo = () => void | Promise<void>;

/** What the parts share once the data folder is open. */
export interface Base {
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
  readonly listening: { current?: Listening; admin?: Listening | undefined };
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
  readonly replicas: ReplicaSet;
  readonly bodies: ByteBudget;
  /** Of the listeners, all together. */
  readonly requests: RequestQueue;
}

export async function openBase(options: GatewayOptions, undo: Undo[]): Promise<Base> {
  const { clock, random, resolved, say } = options;
  const { settings } = resolved;
  const folder = lockDataFolder(settings.data);
  undo.push(() => folder.release());
  const redactor = new Redactor();
  const log = createLog({ console: settings.logLevel, dataFolder: settings.data, clock, redact: (line) => redactor.redact(line), fileBytesMax: settings.logFileBytesMax, filesMax: settings.logFilesMax });
  undo.push(() => log.close());
  const instanceKey = openInstanceKey(settings.data, random, readSharedInstanceKey(options.environment()));
  const storage = await openStorage({ folder, databaseUrl: settings.databaseUrl, clock, keyCheck: instanceKey.check, report: (problem) => log.error('storage', { detail: problem.message }) });
  undo.push(() => storage.close());
  const replicas = openReplicas({ settings, storage, sealing: instanceKey.sealing, clock, random, log, version: options.version });
  undo.push(() => replicas.leave());
  const giveTurn = await takeTurn(storage, 'start', clock);
  undo.push(giveTurn);
  const keyUses = createKeyUses({ storage, clock, flushMs: KEY_USES_FLUSH_MS, report: (problem) => log.warn('key uses', { detail: String(problem) }) });
  undo.push(() => keyUses.stop());
  const starter = await openStarterKey({ storage, clock, random, instanceKey });
  const shelf = openTemplateShelf(settings.data, (problem) => log.warn('templates', { detail: problem }));
  const publisher = await createPublisher({
    storage,
    sealing: instanceKey.sealing,
    wrapping: instanceKey.wrapping,
    random,
    clock,
    compileOptions: { ...compileOptions(options, instanceKey), findTemplate: shelf.find },
    check: (snapshot) => checkListening(settings, snapshot),
    generations: replicas.generations,
  });
  await loadConfiguration(options, publisher, instanceKey);
  const { servers, endpoints, warnings } = publisher.snapshot();
  log.info('configuration loaded', { servers: servers.size, endpoints: endpoints.size });
  say(`configuration loaded: ${servers.size} servers, ${endpoints.size} endpoints`);
  const instance = openInstanceSettings(resolved, publisher, log);
  const listening: Base['listening'] = {};
  const dialer = createDialer({ clock, allowances: () => instance.now().egressAllow.map(toEgressAllowance), ownListeners: () => ownListeners(settings, listening) });
  const telemetry = await startTelemetry({ settings: readTelemetrySettings(options.environment()), isCounting: settings.metrics, clock, dialer, log, redact: (text) => redactor.redact(text), version: options.version, instanceId: Buffer.from(random(8)).toString('hex') });
  undo.push(() => telemetry.close());
  const people = await openPeople({ environment: options.environment(), isProduction: settings.production, publicUrls: settings.publicUrl, storage, instanceKey, clock, random, dialer, report: (problem) => log.warn('people', { detail: problem }) });
  for (const warning of [...resolved.warnings, ...warnings, ...people.warnings]) say(`warning: ${warning}`);
  const rules = createHostRules(settings.publicUrl, [...settings.allowedHosts, ...[settings.host, settings.adminHost ?? settings.host].filter((host) => !isLoopback(host))]);
  const addressOf = replicas.withForwarded(createAddressOf(settings.trustedProxies));
  const recording = await openRecording({ settings, isLeader: replicas.isLeader, retention: instance.now, storage, instanceKey, clock, random, addressOf, clean: (text) => redactor.redact(text), report: (problem) => log.error('audit', { detail: problem }) });
  undo.push(() => recording.close());
  const governance = await openGovernance({ digest: createKeyedDigest(instanceKey.digesting), recorded: createRecordedCalls(recording.recordings.store, recording.recordings.settle), storage, clock, random, dialer, snapshot: publisher.snapshot, publicUrl: () => publicUrlOf({ options, listening }), sharedStoreUrl: settings.sharedStoreUrl, people: options.people ?? people.forOAuth, report: (event, fields) => log.warn(event, fields) });
  undo.push(() => governance.close());
  await giveTurn();
  return { options, undo, replicas, recording, governance, log, storage, instanceKey, envelope: new Envelope({ wrapping: instanceKey.wrapping, random, clock }), protect: (secret) => redactor.add(secret), starterKey: starter?.value, rules, publisher, instance, listening, dialer, shelf, people, telemetry, addressOf, adminEvents: createAdminEvents(publisher), failures: createFailureThrottle({ clock, ...FAILURE_THROTTLE }), keyUses, bodies: new ByteBudget(BODIES_BYTES_MAX), requests: new RequestQueue(clock) };
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

/** Never from a request: what it says of our address is a stranger's word. */
export function publicUrlOf(base: Pick<Base, 'options' | 'listening'>): string {
  return base.options.resolved.settings.publicUrl[0]?.replace(/\/$/, '') ?? addressOf(base);
}

export function addressOf({ options, listening }: Pick<Base, 'options' | 'listening'>): string {
  const { host, port } = options.resolved.settings;
  return toAddress(host, listening.current?.port ?? port);
}

/** Where people find the admin pages: at the public address, unless they have a listener of their own. */
export function adminUrlOf(base: Pick<Base, 'options' | 'listening'>): string {
  const { host, adminHost = host } = base.options.resolved.settings;
  return base.listening.admin === undefined ? publicUrlOf(base) : toAddress(adminHost, base.listening.admin.port);
}

function toAddress(host: string, port: number): string {
  return `http://${host.includes(':') ? `[${host.replace(/^\[|\]$/g, '')}]` : host}:${port}`;
}

function ownListeners({ host, adminHost = host }: Settings, { current, admin }: Base['listening']): { readonly address: string; readonly port: number }[] {
  return [...(current === undefined ? [] : [{ address: host, port: current.port }]), ...(admin === undefined ? [] : [{ address: adminHost, port: admin.port }])];
}
