/**
 * What each MCP revision has. A method that a revision lacks is simply not in its table, so asking for it is
 * "method not found" by absence. Source: schema.ts of each revision, and the Tasks extension (SEP-2663).
 */
import type { Revision } from './messages.ts';

export interface RevisionTable {
  /** Requests a client may send. */
  readonly requests: ReadonlySet<string>;
  /** Notifications a client may send. */
  readonly notifications: ReadonlySet<string>;
  /** Requests a server may send (legacy) or put into `inputRequests` (modern). */
  readonly serverRequests: ReadonlySet<string>;
  /** Types of content block that a client of this revision is known to accept. */
  readonly contentTypes: ReadonlySet<string>;
  readonly hasStructuredContent: boolean;
  readonly hasBatches: boolean;
  readonly hasUrlElicitation: boolean;
}

const BASE_REQUESTS = ['tools/list', 'tools/call', 'resources/list', 'resources/templates/list', 'resources/read', 'prompts/list', 'prompts/get', 'completion/complete'];
const LEGACY_REQUESTS = [...BASE_REQUESTS, 'initialize', 'ping', 'resources/subscribe', 'resources/unsubscribe', 'logging/setLevel'];
const LEGACY_NOTIFICATIONS = ['notifications/initialized', 'notifications/cancelled', 'notifications/progress', 'notifications/roots/list_changed'];
const TASKS_2025 = ['tasks/get', 'tasks/list', 'tasks/result', 'tasks/cancel'];
/** Identifier of the Tasks extension in `capabilities.extensions`. */
export const TASKS_EXTENSION_ID = 'io.modelcontextprotocol/tasks';
/** Requests that 2026-07-28 lets a server answer with questions (basic/patterns/mrtr, "Supported Requests"). */
export const MAY_NEED_INPUT: ReadonlySet<string> = new Set(['tools/call', 'prompts/get', 'resources/read']);
const TASKS_EXTENSION = ['tasks/get', 'tasks/update', 'tasks/cancel'];

function table(row: Partial<Record<keyof RevisionTable, readonly string[] | boolean>>): RevisionTable {
  const set = (key: keyof RevisionTable): ReadonlySet<string> => new Set((row[key] as readonly string[] | undefined) ?? []);
  return {
    requests: set('requests'),
    notifications: set('notifications'),
    serverRequests: set('serverRequests'),
    contentTypes: set('contentTypes'),
    hasStructuredContent: row.hasStructuredContent === true,
    hasBatches: row.hasBatches === true,
    hasUrlElicitation: row.hasUrlElicitation === true,
  };
}

export const REVISION_TABLES: Readonly<Record<Revision, RevisionTable>> = {
  '2024-11-05': table({
    requests: LEGACY_REQUESTS,
    notifications: LEGACY_NOTIFICATIONS,
    serverRequests: ['ping', 'sampling/createMessage', 'roots/list'],
    contentTypes: ['text', 'image', 'resource'],
  }),
  '2025-03-26': table({
    requests: LEGACY_REQUESTS,
    notifications: LEGACY_NOTIFICATIONS,
    serverRequests: ['ping', 'sampling/createMessage', 'roots/list'],
    contentTypes: ['text', 'image', 'audio', 'resource'],
    hasBatches: true,
  }),
  '2025-06-18': table({
    requests: LEGACY_REQUESTS,
    notifications: LEGACY_NOTIFICATIONS,
    serverRequests: ['ping', 'sampling/createMessage', 'roots/list', 'elicitation/create'],
    contentTypes: ['text', 'image', 'audio', 'resource', 'resource_link'],
    hasStructuredContent: true,
  }),
  '2025-11-25': table({
    requests: [...LEGACY_REQUESTS, ...TASKS_2025],
    notifications: [...LEGACY_NOTIFICATIONS, 'notifications/tasks/status'],
    serverRequests: ['ping', 'sampling/createMessage', 'roots/list', 'elicitation/create', ...TASKS_2025],
    contentTypes: ['text', 'image', 'audio', 'resource', 'resource_link'],
    hasStructuredContent: true,
    hasUrlElicitation: true,
  }),
  '2026-07-28': table({
    requests: [...BASE_REQUESTS, 'server/discover', 'subscriptions/listen', ...TASKS_EXTENSION],
    notifications: ['notifications/cancelled'],
    serverRequests: ['sampling/createMessage', 'roots/list', 'elicitation/create'],
    contentTypes: ['text', 'image', 'audio', 'resource', 'resource_link'],
    hasStructuredContent: true,
    hasUrlElicitation: true,
  }),
};
