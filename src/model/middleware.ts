/** Middleware as the data plane knows it: what a configured step is, and what it may know. */
import type { Clock } from '../base/clock.ts';
import type { Fault } from '../base/fault.ts';
import type { RawObject } from '../protocol/envelope.ts';
import type { JsonObject, RpcError } from '../protocol/messages.ts';
import type { PrimitiveKind } from './primitive.ts';

/** How a call ends. */
export type CallOutcome =
  | { readonly kind: 'result'; readonly result: RawObject }
  | { readonly kind: 'error'; readonly error: RpcError }
  | { readonly kind: 'fault'; readonly fault: Fault };

/** A result as JSON text, and for how long it may be given again. */
export interface SharedResult {
  readonly text: string;
  readonly leftMs: number;
}

/** Results that gateways of one instance keep for each other. It may forget anything, and never fails. */
export interface SharedResults {
  find(key: string): Promise<SharedResult | undefined>;
  keep(key: string, result: SharedResult): void;
}

/** What the gateway lends to middleware. */
export interface MiddlewareServices {
  readonly clock: Clock;
  /** A middleware failed: counted and logged, whether the call went on or not. `detail` quotes no content. */
  readonly failed: (middleware: string, hook: string, detail: string) => void;
  /** A POST to an address that an operator wrote, as JSON; resolves with the body of a 200, rejects with anything else. */
  readonly post?: ((url: string, request: { readonly headers: Readonly<Record<string, string>>; readonly body: string }) => Promise<string>) | undefined;
  /** Keeps text that a result leaves out; the words by which the client can get it, undefined where it cannot be kept. */
  readonly keepRest?: (text: string) => string | undefined;
  /** Undefined where each gateway keeps its own. */
  readonly sharedResults?: SharedResults | undefined;
}

/** What a middleware may know of the call beside its params. */
export interface CallContext {
  readonly method: string;
  readonly server: string;
  /** Own name or URI of the primitive. */
  readonly own: string;
  /** Id of who asks; undefined where that is nobody's business. */
  readonly principal?: string | undefined;
  /** The primitive as clients see it; undefined where a server reads what it does not list. */
  readonly definition?: JsonObject | undefined;
  readonly services?: MiddlewareServices | undefined;
}

export type Next = (params: JsonObject) => Promise<CallOutcome>;
export type Middleware = (params: JsonObject, next: Next, context: CallContext) => Promise<CallOutcome>;

export interface DefinitionContext {
  readonly primitive: PrimitiveKind;
  readonly server: string;
}

/** One configured middleware of a namespace. */
export interface Step {
  readonly name: string;
  /** Stands before all others, whatever its place in the configuration. */
  readonly isOutermost?: boolean | undefined;
  /** `own` undefined: whatever primitive of the server it may be. */
  readonly covers: (server: string, own: string | undefined) => boolean;
  /** Undefined where it does nothing around calls. */
  readonly around: Middleware | undefined;
  /** A definition as lists show it; undefined leaves it out. It cannot change name or URI. */
  readonly onDefinition: ((definition: JsonObject, context: DefinitionContext) => JsonObject | undefined) | undefined;
}
