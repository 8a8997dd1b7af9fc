/** Sign-ins at the authorization servers of servers, put together: the OAuth client, what it keeps, its pages, and who may use them. */
import type { IncomingMessage } from 'node:http';
import type { Clock } from '../base/clock.ts';
import type { Fault } from '../base/fault.ts';
import type { RandomBytes } from '../base/ids.ts';
import type { LiveGrants } from '../control-plane/grants/live-grants.ts';
import { CALLBACK_PATH, CLIENT_METADATA_PATH, CONNECT_PATH, createSignInPages, type SignInPages } from '../control-plane/grants/sign-in-pages.ts';
import type { SignInDesk } from '../data-plane/sign-in.ts';
import { type GrantKey, SERVICE } from '../model/grant.ts';
import { isPerPrincipal } from '../model/server-auth.ts';
import type { ServerSpec } from '../model/server.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import type { Envelope } from '../storage/data-keys.ts';
import { deleteClients, deleteGrant, findGrant, findLatestGrant, listClients, upsertClient, upsertGrant } from '../storage/grants.ts';
import type { Storage } from '../storage/open-storage.ts';
import { takeTurn } from '../storage/take-turn.ts';
import { query, transact } from '../storage/transaction.ts';
import type { Dialer } from '../upstream/dialer/dialer.ts';
import { createGuardedFetch } from '../upstream/dialer/guarded-fetch.ts';
import { type CredentialLinkOptions, openCredentialLink } from '../upstream/grants/credential-link.ts';
import type { GrantStore } from '../upstream/grants/grant-store.ts';
import { Grants, type GrantsDeps } from '../upstream/grants/grants.ts';
import { SignIns } from '../upstream/grants/sign-ins.ts';
import type { OpenLink } from '../upstream/link.ts';

export interface UpstreamSignInsDeps extends Pick<GrantsDeps, 'values' | 'protect' | 'report'> {
  readonly storage: Storage;
  readonly envelope: Envelope;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly dialer: Dialer;
  readonly snapshot: () => Snapshot;
  /** Base address for people, without a slash at the end. */
  readonly publicUrl: () => string;
  /** Only programs of this machine reach the gateway: whoever opens the address is whoever runs the client. */
  readonly isLocalOnly: boolean;
  /** The principal that a credential of ours proves; undefined where it proves none. */
  readonly principalOf: (credential: string) => string | undefined;
  /** Who is signed in at the admin UI in that browser; undefined where nobody is. `isOperator`: may sign in for everybody. */
  readonly signedIn?: ((http: IncomingMessage) => Promise<{ readonly id: string; readonly isOperator: boolean } | undefined>) | undefined;
  /** A credential proved nothing. Throws `limit.rate_exceeded` for an address that guesses. */
  readonly failed: (http: IncomingMessage) => void;
  readonly changed: (key: GrantKey, isGiven: boolean) => void;
  readonly refused: (fault: Fault) => void;
}

export interface UpstreamSignIns {
  /** The link that `open` makes, with what proves us to that server. */
  readonly link: (spec: ServerSpec, principalId: string | undefined, open: CredentialLinkOptions['open']) => OpenLink;
  readonly desk: SignInDesk;
  readonly live: LiveGrants;
  readonly pages: SignInPages;
}

const OPERATOR = 'operator';
const SECRET_BYTES = 32;

export function createUpstreamSignIns(deps: UpstreamSignInsDeps): UpstreamSignIns {
  const { clock, random, dialer, snapshot, publicUrl } = deps;
  const randomText = (): string => Buffer.from(random(SECRET_BYTES)).toString('base64url');
  const grants = new Grants({ clock, random, values: deps.values, protect: deps.protect, report: deps.report, fetch: createGuardedFetch({ clock, dialer }), store: createGrantStore(deps) });
  const findServer = (name: string): ServerSpec | undefined => snapshot().servers.get(name);
  const signIns = new SignIns({
    clock,
    grants,
    randomText,
    findServer,
    redirectUrl: () => `${publicUrl()}${CALLBACK_PATH}`,
    // Only what the world can read over https is a client id.
    clientIdUrl: () => (publicUrl().startsWith('https:') ? `${publicUrl()}${CLIENT_METADATA_PATH}` : undefined),
    connectUrl: (id) => `${publicUrl()}${CONNECT_PATH}${id}`,
    onGiven: (key) => deps.changed(key, true),
  });
  return {
    link: (spec, principalId, open) => openCredentialLink({ server: spec.name, holder: grants.holder(spec, principalId), open }),
    desk: {
      begin: (server, principal) => signIns.begin(server, principal),
      isGiven: async (server, principalId) => {
        const spec = findServer(server);
        return spec?.auth !== undefined && (await grants.holder(spec, isPerPrincipal(spec.auth) ? principalId : undefined).token()) !== undefined;
      },
      whenGiven: (server, principalId, wait) => signIns.whenGiven(server, principalId, wait),
      show: (principalId, token) => {
        deps.protect(token);
        const isNew = grants.subjects.find(principalId) === undefined;
        grants.subjects.show(principalId, token);
        // What nobody could describe so far can be asked now.
        if (isNew) for (const { name, auth } of snapshot().servers.values()) if (auth?.type === 'token-exchange') deps.changed({ server: name, principal: principalId }, true);
      },
    },
    live: {
      begin: (server, principal) => signIns.begin(server, principal),
      withdraw: async (grant) => {
        const isRevoked = await grants.withdraw(findServer(grant.server), grant);
        deps.changed(grant, false);
        return isRevoked;
      },
    },
    pages: createSignInPages({ flows: signIns, publicUrl, randomText, report: deps.refused, prove: createProve(deps) }),
  };
}

/** Whoever opens the address must be whom the MCP request came from (2025-11-25, client/elicitation, "Phishing"; CD-05, CD-06). */
function createProve({ isLocalOnly, principalOf, signedIn, failed }: UpstreamSignInsDeps): Parameters<typeof createSignInPages>[0]['prove'] {
  return async (http, key, credential) => {
    const user = await signedIn?.(http);
    if (user !== undefined && (user.id === key.principal || (key.principal === SERVICE && user.isOperator))) return 'proven';
    if (isLocalOnly && user === undefined) return 'proven';
    if (credential === undefined) return 'unproven';
    const shown = principalOf(credential);
    if (shown !== undefined && shown === (key.principal === SERVICE ? OPERATOR : key.principal)) return 'proven';
    failed(http);
    return 'unproven';
  };
}

function createGrantStore({ storage, envelope, clock }: UpstreamSignInsDeps): GrantStore {
  const { db } = storage;
  return {
    find: (key) => query(db, (connection) => findGrant(connection, envelope, key)),
    findLatest: (server) => query(db, (connection) => findLatestGrant(connection, envelope, server)),
    save: (grant) => transact(db, (tx) => upsertGrant(tx, envelope, grant)),
    remove: ({ id }) => transact(db, (tx) => deleteGrant(tx, id)),
    findClients: (server) => query(db, (connection) => listClients(connection, envelope, server)),
    saveClient: (client) => transact(db, (tx) => upsertClient(tx, envelope, client)),
    removeClient: (server, issuer) => transact(db, (tx) => deleteClients(tx, server, issuer)),
    alone: async ({ server, principal }, work) => {
      const end = await takeTurn(storage, `grant ${server} ${principal}`, clock);
      try {
        return await work();
      } finally {
        await end();
      }
    },
  };
}
