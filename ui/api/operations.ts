/**
 * The operations of the admin API by `METHOD /path`, as types. They are those of the contract, so a field that the API
 * does not have does not compile here; nothing of the contract is loaded by a browser. A new file of operations needs
 * one line in `Modules`.
 */
import type { z } from 'zod';
import type * as approvals from '../../src/contract/approvals.ts';
import type * as audit from '../../src/contract/audit.ts';
import type * as catalogs from '../../src/contract/catalogs.ts';
import type * as config from '../../src/contract/config.ts';
import type * as consents from '../../src/contract/consents.ts';
import type * as costs from '../../src/contract/costs.ts';
import type * as definitions from '../../src/contract/definitions.ts';
import type * as discovery from '../../src/contract/discovery.ts';
import type * as endpoints from '../../src/contract/endpoints.ts';
import type * as grants from '../../src/contract/grants.ts';
import type * as health from '../../src/contract/health.ts';
import type * as inspections from '../../src/contract/inspections.ts';
import type * as keys from '../../src/contract/keys.ts';
import type * as limits from '../../src/contract/limits.ts';
import type * as logs from '../../src/contract/logs.ts';
import type * as middleware from '../../src/contract/middleware.ts';
import type * as namespaces from '../../src/contract/namespaces.ts';
import type * as onDemand from '../../src/contract/on-demand.ts';
import type { Operation } from '../../src/contract/operation.ts';
import type * as playground from '../../src/contract/playground.ts';
import type * as policies from '../../src/contract/policies.ts';
import type * as registry from '../../src/contract/registry.ts';
import type * as secrets from '../../src/contract/secrets.ts';
import type * as servers from '../../src/contract/servers.ts';
import type * as sessions from '../../src/contract/sessions.ts';
import type * as settings from '../../src/contract/settings.ts';
import type * as signIn from '../../src/contract/sign-in.ts';
import type * as stats from '../../src/contract/stats.ts';
import type * as traffic from '../../src/contract/traffic.ts';
import type * as users from '../../src/contract/users.ts';
import type * as workflows from '../../src/contract/workflows.ts';

type Modules =
  | typeof approvals
  | typeof audit
  | typeof catalogs
  | typeof config
  | typeof consents
  | typeof costs
  | typeof definitions
  | typeof discovery
  | typeof endpoints
  | typeof grants
  | typeof health
  | typeof inspections
  | typeof keys
  | typeof limits
  | typeof logs
  | typeof middleware
  | typeof namespaces
  | typeof onDemand
  | typeof playground
  | typeof policies
  | typeof registry
  | typeof secrets
  | typeof servers
  | typeof sessions
  | typeof settings
  | typeof signIn
  | typeof stats
  | typeof traffic
  | typeof users
  | typeof workflows;

/** Operations that a module exports, alone or as a record of them. */
type OperationsIn<Module> = Module extends unknown
  ? { [Name in keyof Module]: Module[Name] extends Operation ? Module[Name] : Module[Name] extends Readonly<Record<string, Operation>> ? Module[Name][keyof Module[Name]] : never }[keyof Module]
  : never;

type AnyOperation = OperationsIn<Modules>;

/** Every operation by `METHOD /path`. */
export type Operations = { [Each in AnyOperation as `${Each['method']} ${Each['path']}`]: Each };

export type OperationKey = keyof Operations;
/** Operations that change nothing. */
export type ReadKey = Extract<OperationKey, `GET ${string}`>;
export type ChangeKey = Exclude<OperationKey, ReadKey>;

type InputOf<Each, Part extends 'params' | 'query' | 'body'> = Each extends { readonly [Name in Part]: infer Schema extends z.ZodType } ? z.input<Schema> : undefined;

type Given<Name extends string, Value> = [Value] extends [undefined]
  ? { readonly [Key in Name]?: undefined }
  : Record<never, never> extends Value
    ? { readonly [Key in Name]?: Value }
    : { readonly [Key in Name]: Value };

/** What a request of the operation needs: the members of its path, its query, its body. */
export type RequestOf<Key extends OperationKey> = Given<'params', InputOf<Operations[Key], 'params'>> &
  Given<'query', InputOf<Operations[Key], 'query'>> &
  Given<'body', InputOf<Operations[Key], 'body'>> & {
    /** Do it only to this version of the object. */
    readonly ifVersion?: number;
  };

/** What the operation answers. */
export type AnswerOf<Key extends OperationKey> = Operations[Key] extends { readonly answer: infer Schema extends z.ZodType } ? z.output<Schema> : never;
