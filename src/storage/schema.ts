/**
 * The tables as types, in one form for both dialects: JSON is text to us (a `json` column of PostgreSQL is read
 * as text too), times are milliseconds since 1970, ids are made in the application.
 */
import type { GovernanceTables } from './governance-tables.ts';
import type { Generated, Kysely, Transaction } from 'kysely';
import type { PeopleTables } from './people-tables.ts';
import type { ReplicaTables } from './replica-tables.ts';

export interface InstanceTable {
  /** Always 1: there is one row. */
  readonly only_row: number;
  readonly id: string;
  readonly created_at_ms: number;
  /** Proves that the instance key of the data folder is the one this database was made with. */
  readonly key_check: string;
}

export interface KeyTable {
  readonly id: string;
  readonly name: string;
  readonly endpoints: string;
  readonly digest: string;
  readonly sealed_value: string | null;
  readonly expires_at_ms: number | null;
  readonly created_at_ms: number;
  readonly last_used_at_ms: number | null;
  readonly revoked_at_ms: number | null;
  readonly owner: string | null;
  readonly namespaces: string | null;
  readonly tools: string | null;
  /** Of the value before the last rotation. */
  readonly former_digest: string | null;
  readonly former_until_ms: number | null;
}

export interface SettingTable {
  readonly name: string;
  readonly value: string;
}

export interface AuditEventTable {
  readonly seq: Generated<number>;
  readonly at_ms: number;
  readonly principal: string;
  readonly action: string;
  readonly subject: string;
  readonly outcome: string;
  readonly detail: string;
}

export interface ObjectTable {
  readonly kind: string;
  readonly name: string;
  readonly body: string;
  readonly owner: string | null;
  readonly managed_by: string | null;
  readonly version: number;
  readonly position: number;
  readonly created_at_ms: number;
  readonly updated_at_ms: number;
}

export interface ConfigVersionTable {
  readonly number: number;
  readonly at_ms: number;
  readonly author: string;
  readonly reason: string;
  readonly document: string;
}

export interface IdempotencyTable {
  readonly principal: string;
  readonly key: string;
  readonly fingerprint: string;
  readonly answer: string;
  readonly at_ms: number;
}

export interface OAuthClientTable {
  readonly id: string;
  readonly metadata: string;
  readonly created_at_ms: number;
  readonly expires_at_ms: number;
}

export interface OAuthEntityTable {
  readonly model: string;
  readonly digest: string;
  readonly grant_digest: string | null;
  readonly user_id: string | null;
  readonly client_id: string | null;
  readonly payload: string;
  readonly consumed_at_ms: number | null;
  readonly expires_at_ms: number;
}

export interface DataKeyTable {
  readonly id: string;
  readonly wrapped: string;
  readonly created_at_ms: number;
  /** Nothing new is sealed with it any more. */
  readonly retired_at_ms: number | null;
}

export interface KeyPepperTable {
  /** From 1 on, each on top of those before. */
  readonly position: number;
  readonly wrapped: string;
  readonly created_at_ms: number;
}

export interface SecretTable {
  readonly name: string;
  readonly data_key: string;
  readonly sealed: string;
  readonly created_at_ms: number;
  readonly updated_at_ms: number;
}

export interface UpstreamGrantTable {
  readonly id: string;
  readonly server: string;
  readonly principal: string;
  readonly issuer: string;
  readonly resource: string;
  readonly scope: string | null;
  readonly expires_at_ms: number | null;
  readonly data_key: string;
  /** Tokens and client. */
  readonly sealed: string;
  readonly created_at_ms: number;
  readonly updated_at_ms: number;
}

export interface UpstreamClientTable {
  readonly server: string;
  readonly issuer: string;
  readonly redirect_url: string;
  readonly data_key: string;
  readonly sealed: string;
}

export interface CostLedgerTable {
  readonly day: string;
  readonly principal: string;
  readonly endpoint: string;
  readonly server: string;
  readonly tool: string;
  readonly calls: number;
  readonly errors: number;
  readonly bytes_in: number;
  readonly bytes_out: number;
  readonly tokens: number;
  readonly catalog_tokens: number;
  readonly cost: number;
}

export interface DefinitionPinTable {
  readonly namespace: string;
  readonly server: string;
  readonly kind: string;
  readonly name: string;
  readonly hash: string | null;
  readonly rejected_hash: string | null;
  readonly definition: string | null;
  readonly instructions: string | null;
  readonly decided_at_ms: number;
  readonly decided_by: string;
}

export interface ScriptRunTable {
  readonly id: string;
  readonly sealed: string;
  readonly expires_at_ms: number;
}

export interface ChatModelTable {
  readonly principal: string;
  readonly url: string;
  readonly model: string;
  /** 1: an operator wrote the address. */
  readonly is_operators: number;
  /** Both null: without a key. */
  readonly data_key: string | null;
  readonly sealed: string | null;
  readonly updated_at_ms: number;
}

export interface EmbeddingVectorTable {
  readonly model: string;
  readonly text_hash: string;
  /** Base64 of 32-bit floats, in the byte order of the machine. */
  readonly vector: string;
}

export interface ChildEventTable {
  readonly id: string;
  readonly at_ms: number;
  readonly kind: string;
  readonly server_id: string;
  readonly source: string;
  readonly principal: string;
  readonly detail: string;
}

export interface WorkflowRunTable {
  readonly id: string;
  readonly workflow: string;
  /** As it was when the run began. */
  readonly definition: string;
  readonly principal: string;
  readonly principal_id: string;
  readonly inputs: string;
  readonly status: string;
  readonly reason: string;
  readonly output: string | null;
  readonly started_at_ms: number;
  readonly ended_at_ms: number | null;
  /** When its deadline began; null: at its start. */
  readonly resumed_at_ms: number | null;
  /** The gateway that has the run, until then. */
  readonly lease_owner: string | null;
  readonly lease_until_ms: number | null;
}

export interface WorkflowStepTable {
  readonly run: string;
  /** Step, item of its map, and whether it undoes: `charge`, `notify[3]`, `charge~`. */
  readonly key: string;
  readonly status: string;
  readonly attempts: number;
  readonly result: string | null;
  readonly reason: string;
  /** Id of the approval that it waits for. */
  readonly approval: string | null;
  readonly started_at_ms: number;
  readonly ended_at_ms: number | null;
}

export interface Database extends PeopleTables, GovernanceTables, ReplicaTables {
  readonly instance: InstanceTable;
  readonly key: KeyTable;
  readonly setting: SettingTable;
  readonly audit_event: AuditEventTable;
  readonly object: ObjectTable;
  readonly config_version: ConfigVersionTable;
  readonly idempotency: IdempotencyTable;
  readonly script_run: ScriptRunTable;
  readonly embedding_vector: EmbeddingVectorTable;
  readonly oauth_client: OAuthClientTable;
  readonly oauth_entity: OAuthEntityTable;
  readonly data_key: DataKeyTable;
  readonly key_pepper: KeyPepperTable;
  readonly secret: SecretTable;
  readonly upstream_grant: UpstreamGrantTable;
  readonly upstream_client: UpstreamClientTable;
  readonly cost_ledger: CostLedgerTable;
  readonly definition_pin: DefinitionPinTable;
  readonly chat_model: ChatModelTable;
  readonly child_event: ChildEventTable;
  readonly workflow_run: WorkflowRunTable;
  readonly workflow_step: WorkflowStepTable;
}

export type Dialect = 'sqlite' | 'postgres';

/** A connection or a transaction: what a single statement needs. */
export type Db = Kysely<Database>;
/** Only `transact` makes one: what takes a `Tx` is atomic with what else its caller does in it. */
export type Tx = Transaction<Database>;
