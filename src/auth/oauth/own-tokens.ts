/**
 * Access tokens of our own: opaque, found by their keyed digest. What was found is remembered for a few seconds, so
 * that a chatty client costs no query each time; a revocation on this node empties the memory at once, one on another
 * node is seen when it is asked for again.
 */
import { z } from 'zod';
import type { Clock } from '../../base/clock.ts';
import { userPrincipalId } from '../../model/principal.ts';
import type { OAuthStore } from '../../model/oauth.ts';
import type { TokenGrant } from './token-grant.ts';

export interface OwnTokensDeps {
  readonly store: Pick<OAuthStore, 'findLiveToken'>;
  readonly clock: Clock;
  readonly digestOf: (value: string) => string;
}

export interface OwnTokens {
  /** Undefined for a token that is not ours, over, revoked, or for another resource. */
  readonly verify: (token: string, resource: string) => TokenGrant | undefined | Promise<TokenGrant | undefined>;
  /** Tokens of this grant are worth nothing from now on. */
  readonly forget: (grantDigest: string) => void;
}

interface Known {
  readonly grant: TokenGrant;
  readonly grantDigest: string;
  readonly audience: string;
  readonly askAgainMs: number;
}

/** A revocation elsewhere counts here after so long (AZ-16). */
const REMEMBERED_MS = 5_000;
const REMEMBERED_MAX = 10_000;
/** 256 bits in base64url are 43 characters; nothing else is looked up. */
const SHAPE = /^[\w-]{43}$/;

const PayloadSchema = z.object({
  accountId: z.string(),
  clientId: z.string(),
  aud: z.string(),
  scope: z.string().default(''),
  extra: z
    .object({ name: z.string().default(''), roles: z.array(z.string()).default([]), groups: z.array(z.string()).default([]) })
    .default({ name: '', roles: [], groups: [] }),
});

export function createOwnTokens({ store, clock, digestOf }: OwnTokensDeps): OwnTokens {
  const known = new Map<string, Known>();
  /** Counts revocations: an answer that was asked for before one may be out of date. */
  let revocations = 0;

  const judge = ({ grant, audience }: Known, resource: string): TokenGrant | undefined =>
    audience === resource && clock.nowMs() < grant.expiresAtMs ? grant : undefined;

  const find = async (digest: string, resource: string): Promise<TokenGrant | undefined> => {
    const revocationsBefore = revocations;
    const entity = await store.findLiveToken(digest);
    if (entity?.grantDigest === undefined) {
      known.delete(digest);
      return undefined;
    }
    const { accountId, clientId, aud, scope, extra } = PayloadSchema.parse(entity.payload);
    const grant: TokenGrant = {
      principalId: userPrincipalId(accountId),
      credentialId: `grant:${entity.grantDigest}`,
      name: extra.name,
      roles: extra.roles,
      groups: extra.groups,
      clientId,
      scopes: scope.split(' ').filter((word) => word !== ''),
      expiresAtMs: entity.expiresAtMs,
    };
    const found = { grant, grantDigest: entity.grantDigest, audience: aud, askAgainMs: clock.monotonicMs() + REMEMBERED_MS };
    if (revocations === revocationsBefore) {
      if (known.size >= REMEMBERED_MAX) known.clear();
      known.set(digest, found);
    }
    return judge(found, resource);
  };

  return {
    verify(token, resource) {
      if (!SHAPE.test(token)) return undefined;
      const digest = digestOf(`AccessToken:${token}`);
      const remembered = known.get(digest);
      return remembered !== undefined && clock.monotonicMs() < remembered.askAgainMs ? judge(remembered, resource) : find(digest, resource);
    },
    forget(grantDigest) {
      revocations++;
      for (const [digest, entry] of known) if (entry.grantDigest === grantDigest) known.delete(digest);
    },
  };
}
