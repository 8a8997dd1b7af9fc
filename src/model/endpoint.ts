/** An endpoint: a public MCP address that offers one namespace, and how to authenticate there. */
import type { NamespaceSpec } from './namespace.ts';

export interface LimitSpec {
  readonly scope: 'endpoint' | 'client';

export interface EndpointSpec {
  readonly name: string;
