/** Tables of gateways that share a database. */
export interface ReplicaTable {
  readonly id: string;
  readonly name: string;
  /** Base address for other replicas; null for one that takes no requests from them. */
  readonly address: string | null;
  readonly version: string;
  /** Of the configuration it serves. */
  readonly generation: number;
  readonly is_listening: number;
  readonly is_leader: number;
  readonly is_encrypted: number;
  readonly sessions: number;
  readonly started_at_ms: number;
  /** By the clock of the database. */
  readonly seen_at_ms: number;
}

export interface SharedSessionTable {
  readonly digest: string;
  /** Id of a replica; null: of none. */
  readonly owner: string | null;
  readonly facts: string;
  readonly changed_at_ms: number;
}

/** PostgreSQL only; one row. */
export interface ConfigurationGenerationTable {
  readonly only_row: number;
  readonly number: number;
}

export interface ReplicaTables {
  readonly replica: ReplicaTable;
  readonly shared_session: SharedSessionTable;
  readonly configuration_generation: ConfigurationGenerationTable;
}
