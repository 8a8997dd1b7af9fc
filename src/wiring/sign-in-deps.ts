/** What sign-ins at servers need of the gateway's parts. */
import type { HttpRequest } from '../base/http.ts';
import type { FailureThrottle } from '../auth/failure-throttle.ts';
import type { InstanceKey } from '../auth/instance-key.ts';
import { digestOf } from '../auth/keys.ts';
import { isSameToken } from '../auth/operator-token.ts';
import type { AddressOf } from '../auth/client-address.ts';
import type { Clock } from '../base/clock.ts';
import type { RandomBytes } from '../base/ids.ts';
import { isLocal, isLoopback, type ResolvedSettings } from '../config.ts';
import type { Publisher } from '../control-plane/publish.ts';
import type { People } from '../model/oauth.ts';
import { userPrincipalId } from '../model/principal.ts';
import type { Log } from '../observability/log.ts';
import type { Envelope } from '../storage/data-keys.ts';
import type { Storage } from '../storage/open-storage.ts';
import type { UpstreamSignInsDeps } from './upstream-sign-ins.ts';

/** Parts of the gateway. */
export interface SignInBase {
  readonly options: { readonly clock: Clock; readonly random: RandomBytes; readonly resolved: ResolvedSettings };
  readonly log: Log;
  readonly storage: Storage;
  readonly envelope: Envelope;
  readonly instanceKey: InstanceKey;
  readonly publisher: Publisher;
  readonly failures: FailureThrottle;
  readonly addressOf: AddressOf;
  readonly protect: (secret: string) => void;
}

export interface SignInParts extends Pick<UpstreamSignInsDeps, 'dialer' | 'values' | 'changed' | 'publicUrl' | 'signedIn'> {
  /** The operator token. */
  readonly token: string;
}

export function toSignInDeps(base: SignInBase, { token, ...parts }: SignInParts): UpstreamSignInsDeps {
  const { options, log, publisher, instanceKey, storage, envelope, protect, failures, addressOf } = base;
  const { clock, random, resolved } = options;
  const { publicUrl, trustedProxies } = resolved.settings;
  return {
    ...parts,
    clock,
    random,
    storage,
    envelope,
    protect,
    snapshot: publisher.snapshot,
    // A proxy on this machine makes everybody look local.
    isLocalOnly: isLocal(resolved.settings) && trustedProxies.length === 0 && publicUrl.every((url) => isLoopback(new URL(url).hostname)),
    principalOf: (credential) => {
      if (isSameToken(credential, token)) return 'operator';
      const key = publisher.snapshot().keys.get(digestOf(instanceKey.pepper, credential));
      return key === undefined || (key.expiresAtMs !== undefined && key.expiresAtMs <= clock.nowMs()) ? undefined : `key:${key.id}`;
    },
    failed: (http) => failures.failed(addressOf(http)),
    report: (event, fields) => log.warn(event, fields),
    refused: (fault) => log.info('sign-in refused', { code: fault.code, reason: fault.reason, server: fault.server, detail: fault.detail }),
  };
}

/** Whoever is signed in here may open the link of a sign-in at a server that is theirs. */
export function toSignedIn({ signedIn }: People): (http: HttpRequest) => Promise<{ readonly id: string; readonly isOperator: boolean } | undefined> {
  return async (http) => {
    const user = await signedIn(http);
    return user && { id: userPrincipalId(user.userId), isOperator: user.roles.includes('operator') };
  };
}
