/** The admin API of the gateway, with everything that its operations work on. */
import { checkHostAndOrigin } from '../auth/host-rules.ts';
import { describeSettings } from '../config.ts';
import { maskedDocument } from '../control-plane/configuration/mask.ts';
import { operatorTokenAuthenticator } from '../control-plane/identify.ts';
import { type AdminHandler, createAdminHandler } from '../control-plane/serve.ts';
import { createLiveDiscovery } from './live-discovery.ts';
import { createLiveServers } from './live-servers.ts';
import { createLiveInspections } from './live-inspections.ts';
import { createLiveSessions } from './live-sessions.ts';
import { describePeopleSettings } from './people-settings.ts';
import { createCompleteChat } from '../upstream/chat-model/complete-chat.ts';
import { type Base, publicUrlOf } from './gateway-base.ts';
import type { Live } from './gateway-live.ts';

export function adminHandler(base: Base, live: Live): AdminHandler {
  const { options, log, storage, instanceKey, publisher, rules } = base;
  const { clock, random, resolved, version } = options;
  return createAdminHandler({
    services: {
      storage,
      clock,
      random,
      instanceKey,
      overload: live.overload,
      discovery: createLiveDiscovery(live.dataPlane.discoveryDesk, publisher.snapshot),
      onDemand: live.onDemand.services,
      workflows: live.workflows.services,
      live: createLiveServers(live.upstreams, publisher.snapshot, live.dataPlane),
      chat: { complete: createCompleteChat({ clock, dialer: base.dialer }) },
      envelope: base.envelope,
      grants: live.signIns.live,
      consents: live.authorization.consents,
      definitions: live.definitions.live,
      approvals: base.governance.approvals,
      governance: base.governance.live,
      replicas: base.replicas.live,
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
    bodies: base.bodies,
    addressOf: base.addressOf,
    record: (entry) => {
      base.telemetry.tally?.answered('admin', entry.status);
      log.info('admin', { requestId: entry.requestId, operation: entry.operation, principal: entry.principal, status: entry.status, code: entry.fault?.code, detail: entry.fault?.detail, durationMs: entry.durationMs });
    },
    authenticators: [operatorTokenAuthenticator(live.token), base.people.authenticate],
    throttle: base.failures,
  });
}
