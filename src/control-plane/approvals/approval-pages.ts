/**
 * `/approve/{id}`: the page that a client's question and a fault lead to. It shows the call and lets whoever is signed in
 * and may decide say yes or no. Without scripts, and without the admin UI.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../../base/clock.ts';
import { Fault, toFault } from '../../base/fault.ts';
import { permissionsOf } from '../../contract/roles.ts';
import type { Approval } from '../../model/approval.ts';
import type { People, SignedInUser } from '../../model/oauth.ts';
import { ROLES } from '../../model/role.ts';
import { findApproval } from '../../storage/approvals.ts';
import { insertAuditEvent } from '../../storage/audit-events.ts';
import type { Storage } from '../../storage/open-storage.ts';
import { query, transact } from '../../storage/transaction.ts';
import { approvalPage, faultPage } from './approval-html.ts';
import { toEvent } from './approvals.ts';
import { concerns, type Decider, decideApproval, mayDecide, unknownApproval } from './decide-approval.ts';

export interface ApprovalPagesDeps {
  readonly storage: Storage;
  readonly clock: Clock;
  readonly people: People;
  /** Calls that wait look again. */
  readonly changed: () => void;
  readonly report: (fault: Fault) => void;
}

export interface ApprovalPages {
  /** Whether the path is one of these pages. */
  handles(url: string | undefined): boolean;
  /** Host and origin are checked before. */
  serve(http: IncomingMessage, response: ServerResponse): Promise<void>;
}

const PATH = '/approve/';
const FORM_BYTES_MAX = 8 * 1024;
const HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'same-origin',
  'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
} as const;

export function createApprovalPages(deps: ApprovalPagesDeps): ApprovalPages {
  return {
    handles: (url) => url?.startsWith(PATH) === true,
    async serve(http, response) {
      try {
        await route(http, response, deps);
      } catch (thrown) {
        const fault = toFault(thrown);
        deps.report(fault);
        page(response, fault.http >= 400 ? fault.http : 500, faultPage(fault.message));
      }
    },
  };
}

async function route(http: IncomingMessage, response: ServerResponse, deps: ApprovalPagesDeps): Promise<void> {
  const path = http.url?.split('?', 1)[0] ?? '';
  const id = path.slice(PATH.length);
  if (!/^approval_[0-9a-f]{32}$/.test(id)) throw unknownApproval();
  if (http.method !== 'GET' && http.method !== 'POST') throw new Fault('request.method_not_allowed');
  const user = await deps.people.signedIn(http);
  if (user === undefined) {
    response.writeHead(303, { location: deps.people.signInUrl(path, 'any'), 'cache-control': 'no-store', 'content-length': 0 }).end();
    return;
  }
  const decider = toDecider(user);
  if (http.method === 'POST') await decide(http, { id, decider }, deps);
  const shown = await query(deps.storage.db, async (db) => {
    const approval = await findApproval(db, id);
    if (approval === undefined || !(await concerns(db, approval, decider))) throw unknownApproval();
    return { approval, mayDecide: approval.expiresAtMs > deps.clock.nowMs() && (await mayDecide(db, approval, decider)) };
  });
  page(response, 200, approvalPage(shown.approval, { action: path, mayDecide: shown.mayDecide, who: user.name }));
}

/** Browsers say where a form came from; one from elsewhere, or from nowhere, decides nothing. */
async function decide(http: IncomingMessage, { id, decider }: { readonly id: string; readonly decider: Decider }, { storage, clock, changed }: ApprovalPagesDeps): Promise<Approval> {
  const { origin, host } = http.headers;
  const site = http.headers['sec-fetch-site'];
  if (origin === undefined || URL.parse(origin)?.host !== host || (site !== undefined && site !== 'same-origin')) throw new Fault('request.origin_refused', { message: 'This form is not from here; open the address again.' });
  const form = await readForm(http);
  const state = form.get('verdict') === 'approve' ? ('approved' as const) : ('denied' as const);
  const said = form.get('note')?.trim().slice(0, 1_000);
  const note = said === undefined || said === '' ? undefined : said;
  const nowMs = clock.nowMs();
  const approval = await transact(storage.db, async (tx) => {
    const decided = await decideApproval(tx, id, decider, { state, note, nowMs });
    await insertAuditEvent(tx, { atMs: nowMs, principal: decider.id, action: state === 'approved' ? 'approveCall' : 'denyCall', outcome: 'done', ...toEvent(decided) });
    return decided;
  });
  changed();
  return approval;
}

function toDecider({ userId, roles }: SignedInUser): Decider {
  const role = ROLES.find((known) => roles.includes(known));
  return { kind: 'user', id: userId, mayDecideAll: role !== undefined && permissionsOf(role).includes('approval:any') };
}

function page(response: ServerResponse, status: number, html: string): void {
  response.writeHead(status, { ...HEADERS, 'content-length': Buffer.byteLength(html) });
  response.end(html);
}

async function readForm(http: IncomingMessage): Promise<URLSearchParams> {
  if (http.headers['content-type']?.split(';', 1)[0] !== 'application/x-www-form-urlencoded') throw new Fault('request.media_type', { message: 'Send the form of the page.' });
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of http) {
    const part = chunk as Buffer;
    bytes += part.length;
    if (bytes > FORM_BYTES_MAX) throw new Fault('request.too_large');
    chunks.push(part);
  }
  return new URLSearchParams(Buffer.concat(chunks).toString());
}
