/** Words of a namespace's configuration that other rooms share. */
import type { JsonObject, JsonValue } from '../protocol/messages.ts';

/** MCP tool annotations; open, since revisions add to them. */
export type Annotations = JsonObject;

/** One server in a namespace, under the name that clients see. */
export interface Member {
  readonly server: string;

export type PrimitiveKind = 'tool' | 'prompt' | 'resource' | 'resourceTemplate';

/** What a namespace changes about one primitive of one server. It never changes which upstream primitive is meant. */
export interface Override {
  readonly isEnabled: boolean;

export interface NamespaceSpec {
  readonly name: string;
