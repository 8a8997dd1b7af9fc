/**
 * An operation: one action of the admin API, as data. Router, permission check, OpenAPI document, UI and command
 * line are all made from it, so none of them can say something else than the others.
 */
import type { z } from 'zod';

export const PERMISSIONS = [
  'server:read',
  'server:write',
  'server:operate',
  'server:call',
  'policy:read',
  'policy:write',
  'definition:read',
  'definition:decide',
  'namespace:read',
  'namespace:write',
  'endpoint:read',
  'endpoint:write',
  'key:read',
  'key:create',
  'key:revoke',
  'config:read',
  'config:write',
  'settings:read',
  'settings:write',
  'session:read',
  'session:end',
  'log:read',
  'audit:read',
  'inspection:open',
  'inspection:as',
  'playground:use',
  'playground:configure',
  'self:read',
  'self:write',
  'user:read',
  'user:write',
  'secret:read',
  'secret:write',
  'secret:rotate',
  'grant:read',
  'grant:begin',
  'grant:withdraw',
  'traffic:read',
  'price:read',
  'price:write',
  'approval:read',
  'approval:decide',
  // Whatever a policy names as approvers.
  'approval:any',
  'limit:read',
  'limit:write',
  // What the permissions above reach: public objects, everyone's private ones, servers that start processes.
  'public:write',
  'private:all',
  'process:define',
] as const;
export type Permission = (typeof PERMISSIONS)[number];

export interface Operation {
  /** Unique; also the action of its audit events. */
  readonly id: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** From the root, parameters in braces. */
  readonly path: string;
  readonly summary: string;
  /** `public`: without any credential. */
  readonly access: Permission | 'public';
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  /** A `strictObject`: a field we do not know is refused. */
  readonly body?: z.ZodObject;
  /** A plain `object`, an allow-list: a field that is not named here never leaves. */
  readonly answer: z.ZodType;
  /** 303: the answer has a `location`, where the browser goes on. */
  readonly status: 200 | 201 | 303;
  /** The answer has a `version`, which is its ETag; a change heeds `If-Match`. */
  readonly isVersioned?: true;
  /** A creation that heeds `Idempotency-Key`. */
  readonly isIdempotent?: true;
  /** Media types of an answer that comes in parts and is no JSON; `answer` is then text. */
  readonly stream?: readonly string[];
  /** Answers for which the status is 503 instead, with the same body. */
  readonly isUnavailable?: (answer: unknown) => boolean;
}

type Output<Schema> = Schema extends z.ZodType ? z.output<Schema> : Record<never, never>;

/** What a handler gets of the request. */
export interface InputOf<O extends Operation> {
  readonly params: Output<O['params']>;
  readonly query: Output<O['query']>;
  readonly body: Output<O['body']>;
}

/** What a handler must answer. */
export type AnswerOf<O extends Operation> = z.input<O['answer']>;
