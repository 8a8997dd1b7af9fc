/** The tables of people, as types; times are milliseconds since 1970. */
export interface UserTable {
  readonly id: string;
  /** Lower case; null for a user whose identity provider vouches for none. */
  readonly email: string | null;
  readonly name: string;
  readonly role: string;
  readonly password_hash: string | null;
  readonly created_at_ms: number;
  readonly last_sign_in_at_ms: number | null;
  readonly disabled_at_ms: number | null;
}

export interface SignInTable {
  readonly id: string;
  readonly digest: string;
  readonly user_id: string;
  readonly method: string;
  readonly address: string;
  readonly browser: string;
  readonly created_at_ms: number;
  readonly last_seen_at_ms: number;
  readonly reauth_at_ms: number;
}

export interface OneTimeLinkTable {
  readonly id: string;
  readonly digest: string;
  readonly purpose: string;
  readonly role: string | null;
  readonly email: string | null;
  readonly user_id: string | null;
  readonly created_by: string;
  readonly created_at_ms: number;
  readonly expires_at_ms: number;
  readonly used_at_ms: number | null;
}

export interface ProviderUserTable {
  readonly issuer: string;
  readonly subject: string;
  readonly user_id: string;
  readonly groups: string;
  readonly linked_at_ms: number;
}

export interface ProviderFlowTable {
  readonly state_digest: string;
  readonly body: string;
  readonly expires_at_ms: number;
}

export interface PeopleTables {
  readonly user: UserTable;
  readonly sign_in: SignInTable;
  readonly one_time_link: OneTimeLinkTable;
  readonly provider_user: ProviderUserTable;
  readonly provider_flow: ProviderFlowTable;
}
