/**
 * Inspections: a person looks at a server, a namespace or an endpoint as a chosen principal would, over the very path
 * that clients take. Each has an address of its own for a while, `/metamcp/~{id}/mcp`, that only its token opens, and
 * keeps what went to and came from servers because of its requests. Nobody else's messages are ever in it.
 */
import { timingSafeEqual } from 'node:crypto';
import type { CancelTimer, Clock } from '../base/clock.ts';
import { Fault } from '../base/fault.ts';
import type { EndpointSpec } from '../model/endpoint.ts';
import type { NamespaceSpec } from '../model/namespace.ts';
import type { Principal } from '../model/principal.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';

export interface InspectionTarget {
  readonly kind: 'server' | 'namespace' | 'endpoint';
  readonly name: string;
}

/** One message on the leg between the gateway and a server. */
export interface TracedMessage {
  /** Ascending from 1 within the inspection. */
  readonly sequence: number;
  readonly atMs: number;
  readonly direction: 'sent' | 'received';
  readonly server: string;
  /** JSON, cut at `TEXT_CHARS_MAX`. */
  readonly text: string;
  readonly isCut: boolean;
}

export interface Inspection {
  readonly id: string;
  readonly target: InspectionTarget;
  readonly principal: Principal;
  /** Principal id of who opened it. */
  readonly openedBy: string;
  readonly token: string;
  readonly expiresAtMs: number;
}

export interface InspectionsDeps {
  readonly clock: Clock;
  /** At least 128 random bits as URL-safe text. */
  readonly randomId: () => string;
}

const LIFE_MS = 60 * 60 * 1000;
const INSPECTIONS_MAX = 100;
const INSPECTIONS_PER_OWNER_MAX = 10;
const MESSAGES_MAX = 500;
const TEXT_CHARS_MAX = 64 * 1024;
/** No endpoint can have a name that begins so. */
const MARK = '~';
const CREDENTIAL = 'inspection:';

class OpenInspection implements Inspection {
  readonly id: string;
  readonly target: InspectionTarget;
  readonly principal: Principal;
  readonly openedBy: string;
  readonly token: string;
  readonly expiresAtMs: number;
  readonly messages: TracedMessage[] = [];
  stopTimer: CancelTimer = () => undefined;
  readonly #nowMs: () => number;
  #count = 0;
  #made: { readonly snapshot: Snapshot; readonly endpoint: EndpointSpec | undefined } | undefined;

  constructor(what: Omit<Inspection, 'expiresAtMs'>, nowMs: () => number) {
    this.id = what.id;
    this.target = what.target;
    this.principal = what.principal;
    this.openedBy = what.openedBy;
    this.token = what.token;
    this.#nowMs = nowMs;
    this.expiresAtMs = nowMs() + LIFE_MS;
  }

  /** What is looked at, as it is in that snapshot; the same object for the same snapshot. */
  endpointIn(snapshot: Snapshot): EndpointSpec | undefined {
    if (this.#made?.snapshot !== snapshot) this.#made = { snapshot, endpoint: this.#make(snapshot) };
    return this.#made.endpoint;
  }

  #make(snapshot: Snapshot): EndpointSpec | undefined {
    const inspected = { prove: (credential: string | undefined) => this.#prove(credential), trace: (direction: TracedMessage['direction'], server: string, text: string) => this.#trace(direction, server, text) };
    const { kind, name } = this.target;
    if (kind === 'endpoint') {
      const endpoint = snapshot.endpoints.get(name);
      return endpoint && { ...endpoint, inspected };
    }
    const namespace = kind === 'namespace' ? snapshot.namespaces.get(name) : snapshot.servers.has(name) ? namespaceOf(name) : undefined;
    return namespace && { name: `${MARK}${this.id}`, namespace, auth: { apiKey: false, oauth: false, query: false }, limits: [], inspected };
  }

  #prove(credential: string | undefined): Principal {
    if (credential === undefined) throw new Fault('auth.credential_missing');
    const given = Buffer.from(credential);
    const wanted = Buffer.from(this.token);
    if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) throw new Fault('auth.credential_invalid');
    return this.principal;
  }

  #trace(direction: TracedMessage['direction'], server: string, text: string): void {
    if (this.messages.length >= MESSAGES_MAX) this.messages.shift();
    this.messages.push({ sequence: ++this.#count, atMs: this.#nowMs(), direction, server, text: text.slice(0, TEXT_CHARS_MAX), isCut: text.length > TEXT_CHARS_MAX });
  }
}

export class Inspections {
  readonly #deps: InspectionsDeps;
  readonly #open = new Map<string, OpenInspection>();
  /** Called with the credential id of an inspection that is over. */
  onClosed: (credentialId: string) => void = () => undefined;

  constructor(deps: InspectionsDeps) {
    this.#deps = deps;
  }

  /** Throws `limit.overloaded` where too many are open. */
  open(target: InspectionTarget, principal: Principal, openedBy: string): Inspection {
    const own = [...this.#open.values()].filter((inspection) => inspection.openedBy === openedBy);
    // The oldest of one's own makes room: a page that was closed tells nobody.
    if (own.length >= INSPECTIONS_PER_OWNER_MAX && own[0] !== undefined) this.close(own[0].id);
    if (this.#open.size >= INSPECTIONS_MAX) throw new Fault('limit.overloaded', { detail: `${INSPECTIONS_MAX} inspections are open` });
    const id = this.#deps.randomId();
    const inspection = new OpenInspection({ id, target, principal: { ...principal, credentialId: credentialOf(id) }, openedBy, token: this.#deps.randomId() }, this.#deps.clock.nowMs);
    inspection.stopTimer = this.#deps.clock.after(LIFE_MS, () => this.close(id));
    this.#open.set(id, inspection);
    return inspection;
  }

  list(): readonly Inspection[] {
    return [...this.#open.values()];
  }

  /** Messages after that sequence number, oldest first; undefined where there is no such inspection. */
  messages(id: string, after: number): readonly TracedMessage[] | undefined {
    return this.#open.get(id)?.messages.filter(({ sequence }) => sequence > after);
  }

  close(id: string): void {
    const inspection = this.#open.get(id);
    if (inspection === undefined) return;
    this.#open.delete(id);
    inspection.stopTimer();
    this.onClosed(credentialOf(id));
  }

  /** Whether this credential is that of an inspection under way. */
  isOpen(credentialId: string): boolean {
    return credentialId.startsWith(CREDENTIAL) && this.#open.has(credentialId.slice(CREDENTIAL.length));
  }

  closeAll(): void {
    for (const id of [...this.#open.keys()]) this.close(id);
  }

  /** The endpoint of that name in an address, where it is an inspection's. */
  endpoint(name: string, snapshot: Snapshot): EndpointSpec | undefined {
    return name.startsWith(MARK) ? this.#open.get(name.slice(MARK.length))?.endpointIn(snapshot) : undefined;
  }
}

export function addressOf({ id }: Inspection): string {
  return `/metamcp/${MARK}${id}/mcp`;
}

function credentialOf(id: string): string {
  return `${CREDENTIAL}${id}`;
}

/** One server alone, under its tools' own names. */
function namespaceOf(server: string): NamespaceSpec {
  const none = new Map();
  return {
    name: `${MARK}${server}`,
    description: '',
    members: [{ server, as: server }],
    prefix: 'none',
    separator: '__',
    overrides: { tool: none, prompt: none, resource: none, resourceTemplate: none },
  };
}
