/**
 * The gateway put together: builds everything, starts it, stops it in reverse. The only file that knows both planes.
 *
 * The control plane changes what is stored and publishes a snapshot; the data plane answers from the snapshot it finds.
 */
import { listenForAdmin, onCommonListener } from './wiring/admin-listening.ts';
import { checkHostAndOrigin } from './auth/host-rules.ts';
import { digestOf } from './auth/keys.ts';
import { type Fault, toFault } from './base/fault.ts';
import type { HttpRequest, HttpResponse } from './base/http.ts';
import type { ConfigText } from './control-plane/config-file/read-config-text.ts';
import { watchConfigFile } from './control-plane/config-file/watch-config-file.ts';
import { applyConfigFile } from './control-plane/configuration/apply-file.ts';
import { writeGatewayFile } from './control-plane/gateway-file.ts';
import { operatorTokenAuthenticator } from './control-plane/identify.ts';
import type { AdminHandler } from './control-plane/serve.ts';
import type { Publisher } from './control-plane/publish.ts';
import { toLinkAddress } from './control-plane/people/links.ts';
import { PATH_PREFIX } from './data-plane/receive.ts';
import { type Handlers, type HttpHandler, listen } from './listener/listening.ts';
import { listenForMetrics } from './wiring/metrics-listening.ts';
import { problemsOf, problemText } from './model/config-problem.ts';
import { checkRecord } from './wiring/record-check.ts';
import { tellReady } from './wiring/server-events.ts';
import { withUiPages } from './wiring/ui-pages.ts';
import type { Upstreams } from './upstream/upstreams.ts';
import { addressOf, adminUrlOf, type Base, type GatewayOptions, openBase, type Undo } from './wiring/gateway-base.ts';
import { joinReplicas, type Live, startUpstreams } from './wiring/gateway-live.ts';
import { adminHandler } from './wiring/gateway-admin.ts';

const DRAIN_MS = 30_000;

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

/** Faults: `config.invalid`, `storage.*`. Whatever was started by then is stopped again. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const undo: Undo[] = [];
  try {
    const base = await openBase(options, undo);
    await checkRecord(base);
    const upstreams = startUpstreams(base);
    await startListening(base, upstreams);
    await joinReplicas(base, upstreams);
    await tellReady(upstreams.upstreams, base.log, options.say);
    await watchFile(base);
    await upstreams.workflows.resume();
    undo.push(() => upstreams.workflows.close());
    return { url: addressOf(base), publisher: base.publisher, upstreams: upstreams.upstreams, starterKey: base.starterKey, adminLink: adminLinkOf(base), close: () => stopAll(undo, options.say) };
  } catch (thrown) {
    await stopAll(undo, options.say);
    throw thrown;
  }
}

/** Every step, whatever becomes of those before: what stays open would hold the process. */
async function stopAll(undo: Undo[], say: GatewayOptions['say']): Promise<void> {
  for (const step of undo.splice(0).reverse()) {
    try {
      await step();
    } catch (thrown) {
      const fault = toFault(thrown);
      say(`warning: while stopping: ${fault.detail ?? fault.message}`);
    }
  }
}

async function startListening(base: Base, live: Live): Promise<void> {
  const { options, undo, log, rules, listening } = base;
  const { settings } = options.resolved;
  const admin = withUiPages(adminHandler(base, live), { rules, report: (problem) => log.error('pages', { detail: String(problem) }) });
  const { refuse } = live.dataPlane;
  const metrics = await listenForMetrics(settings, { clock: options.clock, sources: base.telemetry.sources, snapshot: base.publisher.snapshot, digestOf: (value) => digestOf(base.instanceKey.pepper, value), authenticators: [operatorTokenAuthenticator(live.token), base.people.authenticate], throttle: base.failures, addressOf: base.addressOf, checkHost: (http) => checkHostAndOrigin(http, rules) });
  undo.push(() => metrics.close());
  /** Only for requests that are meant for this address. */
  const guarded = <Request extends HttpRequest, Response extends HttpResponse>(serve: (http: Request, response: Response) => unknown): ((http: Request, response: Response) => void) => {
    return (http, response) => {
      try {
        checkHostAndOrigin(http, rules);
      } catch (thrown) {
        refuse(http, response, thrown);
        return;
      }
      void serve(http, response);
    };
  };
  const serveEndpoint = guarded(base.replicas.serve);
  const allPages = [live.signIns.pages, base.governance.pages].map(({ handles, serve }) => ({ handles, serve: guarded(serve) }));
  const handle = (admin: AdminHandler): Handlers => {
    const all: HttpHandler = (http, response) => {
      const isForEndpoint = http.url?.startsWith(PATH_PREFIX) === true;
      const serve = isForEndpoint ? serveEndpoint : allPages.find(({ handles }) => handles(http.url))?.serve;
      if (serve !== undefined) serve(http, response);
      else if (metrics.serves(http, response)) return;
      else if (live.authorization.serves(http.url ?? '')) void live.authorization.handle(http, response);
      else admin(http, response);
    };
    return { all, plainPosts: { handler: serveEndpoint, queue: base.requests } };
  };
  const ownAdmin = (listening.admin = await listenForAdmin(settings, handle(admin), options.clock));
  undo.push(() => ownAdmin?.close(DRAIN_MS));
  listening.current = await listen({ host: settings.host, port: settings.port, isShared: settings.workers > 1 }, handle(onCommonListener(admin, settings, options)), options.clock);
  const closing = listening.current;
  // Streams and sessions end as soon as requests that were on their way are there, so that the listener has nothing left to wait for.
  undo.push(async () => {
    await closing.close(DRAIN_MS, () => {
      live.dataPlane.close();
      base.adminEvents.close();
    });
    await base.replicas.drained(DRAIN_MS);
  });
  const url = addressOf(base);
  undo.push(writeGatewayFile(settings.data, { url, pid: process.pid, token: live.token, ...(ownAdmin === undefined ? {} : { adminUrl: adminUrlOf(base) }) }));
  log.info('listening', ownAdmin === undefined ? { url } : { url, admin: adminUrlOf(base) });
  const adminLink = adminLinkOf(base);
  if (adminLink !== undefined) log.info('first operator', { link: adminLink });
  options.say(`listening on ${url}`);
}

function adminLinkOf(base: Base): string | undefined {
  const token = base.people.firstOperatorToken;
  return token === undefined ? undefined : toLinkAddress(adminUrlOf(base), token);
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
