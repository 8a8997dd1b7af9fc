/**
 * The storage that oidc-provider asks for, over our tables: whatever proves something (code, token, id of a consent
 * under way) is found by its keyed digest and stripped from what is stored, so the database opens nothing.
 */
import { type Adapter, errors, type Payload } from 'oidc-provider';
import type { Clock } from '../../base/clock.ts';
import type { OAuthEntity, OAuthStore } from '../../model/oauth.ts';

export interface AdapterDeps {
  readonly store: OAuthStore;
  readonly clock: Clock;
  /** Keyed digest of a value, hex. */
  readonly digestOf: (value: string) => string;
  /** Metadata of a client by its id: registered here, or fetched from the address that the id is. */
  readonly findClient: (id: string) => Promise<Payload | undefined>;
  /** Tokens of the grant with this digest are worth nothing from now on. */
  readonly revoked: (grantDigest: string) => void;
  /** A client got tokens. */
  readonly clientUsed: (clientId: string) => Promise<void>;
}

/** A consent that no refresh renewed for so long is over. */
const LIFETIME_SECONDS_WITHOUT_END = 86_400;

/** A browser's session with the library is of no use to us: who is signed in is asked of the sign-in, every time. */
const SESSION = 'Session';
const CLIENT = 'Client';

export function createAdapter(model: string, deps: AdapterDeps): Adapter {
  if (model === CLIENT) return clientAdapter(deps);
  const { store, clock, digestOf } = deps;
  const keyOf = (id: string): string => digestOf(`${model}:${id}`);
  const revokeFamily = async (grantDigest: string): Promise<void> => {
    await store.removeFamily(grantDigest);
    deps.revoked(grantDigest);
  };
  return {
    async upsert(id, payload, expiresInSeconds) {
      if (model === SESSION) return;
      const expiresAtMs = clock.nowMs() + (expiresInSeconds ?? LIFETIME_SECONDS_WITHOUT_END) * 1_000;
      await store.save(toEntity(payload, { model, digest: keyOf(id), expiresAtMs, digestOf }));
      if (model === 'AccessToken' && typeof payload['clientId'] === 'string') await deps.clientUsed(payload['clientId']);
    },
    async find(id) {
      if (model === SESSION) return undefined;
      const entity = await store.find(model, keyOf(id));
      return entity === undefined ? undefined : fromEntity(entity, id);
    },
    findByUid: () => Promise.resolve(undefined),
    findByUserCode: () => Promise.resolve(undefined),
    async consume(id) {
      if (await store.consume(model, keyOf(id), clock.nowMs())) return;
      // Someone was faster with the same code or refresh token: one of the two has stolen it.
      const entity = await store.find(model, keyOf(id));
      if (entity?.grantDigest !== undefined) await revokeFamily(entity.grantDigest);
      throw new errors.InvalidGrant('already used');
    },
    async destroy(id) {
      if (model === 'Grant') await revokeFamily(keyOf(id));
      else await store.remove(model, keyOf(id));
    },
    revokeByGrantId: (grantId) => revokeFamily(digestOf(`Grant:${grantId}`)),
  };
}

/** Clients are registered by register.ts and never changed through the library. */
function clientAdapter(deps: AdapterDeps): Adapter {
  const none = (): Promise<undefined> => Promise.resolve(undefined);
  const never = (): Promise<never> => Promise.reject(new Error('clients are not written through the library'));
  return { find: deps.findClient, findByUid: none, findByUserCode: none, upsert: never, consume: never, destroy: never, revokeByGrantId: never };
}

interface EntityContext extends Pick<OAuthEntity, 'model' | 'digest' | 'expiresAtMs'> {
  readonly digestOf: (value: string) => string;
}

function toEntity(payload: Payload, { model, digest, expiresAtMs, digestOf }: EntityContext): OAuthEntity {
  const { jti: _value, ...rest } = payload;
  const text = (name: string): string | undefined => (typeof payload[name] === 'string' ? payload[name] : undefined);
  const grantId = text('grantId');
  const grantDigest = grantId === undefined ? undefined : digestOf(`Grant:${grantId}`);
  return { model, digest, grantDigest, userId: text('accountId'), clientId: text('clientId'), payload: rest, consumedAtMs: undefined, expiresAtMs };
}

function fromEntity(entity: OAuthEntity, id: string): Payload {
  const consumed = entity.consumedAtMs === undefined ? {} : { consumed: Math.floor(entity.consumedAtMs / 1_000) };
  return { ...entity.payload, jti: id, ...consumed };
}
