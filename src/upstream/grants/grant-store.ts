/** What the OAuth client keeps. It declares it here; the gateway fills it in with sealed rows of the database. */
import type { Grant, GrantKey, RegisteredClient } from '../../model/grant.ts';

/** A client as one authorization server knows it, for one server of ours. */
export interface BoundClient {
  readonly server: string;
  readonly issuer: string;
  readonly redirectUrl: string;
  readonly client: RegisteredClient;
}

export interface GrantStore {
  find(key: GrantKey): Promise<Grant | undefined>;
  /** The grant that somebody gave last for the server. */
  findLatest(server: string): Promise<Grant | undefined>;
  /** In place of the one with the same key. */
  save(grant: Grant): Promise<void>;
  /** That one, not another that took its place meanwhile. */
  remove(grant: Grant): Promise<void>;
  findClients(server: string): Promise<readonly BoundClient[]>;
  saveClient(client: BoundClient): Promise<void>;
  removeClient(server: string, issuer: string): Promise<void>;
  /** No other gateway on the same database renews this grant meanwhile; undefined where there is none. */
  alone?<Result>(key: GrantKey, work: () => Promise<Result>): Promise<Result>;
}
