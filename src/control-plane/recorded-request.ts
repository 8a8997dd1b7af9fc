/** Records of requests as the admin API shows them, and whose a viewer may see. */
import type { z } from 'zod';
import { type CallRecord, tokensOf } from '../audit/audit-record.ts';
import type { RecordQuery } from '../audit/audit-store.ts';
import { toIso } from '../base/clock.ts';
import type { RecordFilterShape, RequestShape } from '../contract/records.ts';
import { keyPrincipalId, userPrincipalId } from '../model/principal.ts';
import { listKeys } from '../storage/keys.ts';
import type { Db } from '../storage/schema.ts';
import type { Viewer } from './configuration/visibility.ts';

type Shown = { -readonly [name in keyof typeof RequestShape]: z.input<(typeof RequestShape)[name]> };
type Filter = { readonly [name in keyof typeof RecordFilterShape]?: z.output<(typeof RecordFilterShape)[name]> };

/** Members that are shown as they are, or as null. */
const PLAIN = [
  'key',
  'client',
  'session',
  'address',
  'endpoint',
  'namespace',
  'method',
  'server',
  'exposed',
  'outcome',
  'failedAt',
  'durationMs',
  'upstreamMs',
  'cost',
  'traceId',
] as const;
type Plain = (typeof PLAIN)[number];

export function showRequest(record: CallRecord): Shown {
  const { bytesIn = 0, bytesOut = 0, tool = '', principal, isWrite = false, isDispatched = false } = record;
  return {
    ...plainOf(record),
    at: toIso(record.atMs),
    principal: principal === undefined ? null : { kind: principal.kind, id: principal.id, name: principal.name },
    tool: tool === '' ? null : tool,
    decision: showDecision(record.decision),
    isWrite,
    isDispatched,
    bytesIn,
    bytesOut,
    tokens: tokensOf(bytesIn) + tokensOf(bytesOut),
  };
}

function plainOf(record: CallRecord): Pick<Shown, Plain> {
  return Object.fromEntries(PLAIN.map((name) => [name, record[name] ?? null])) as Pick<Shown, Plain>;
}

function showDecision(decision: CallRecord['decision']): Shown['decision'] {
  if (decision === undefined) return null;
  const { effect, rule, shadowEffect = null, shadowRule = null, approval = null } = decision;
  return { effect, rule, shadowEffect, shadowRule, approval };
}

/** The filter of a request to the admin API as a query of the store. */
export function toRecordQuery({ principal, key, from, to, decision, ...same }: Filter): Omit<RecordQuery, 'limit'> {
  return {
    ...same,
    effect: decision,
    credential: key,
    principals: principal === undefined ? undefined : [principal],
    fromMs: from === undefined ? undefined : Date.parse(from),
    toMs: to === undefined ? undefined : Date.parse(to),
  };
}

/** Ids of principals whose requests the viewer may see: its own, here and at endpoints, and those of its keys; undefined: everybody's. */
export async function visiblePrincipals(db: Db, viewer: Viewer): Promise<ReadonlySet<string> | undefined> {
  if (viewer.permissions.has('private:all')) return undefined;
  const keys = await listKeys(db);
  return new Set([viewer.principalId, userPrincipalId(viewer.principalId), ...keys.filter(({ owner }) => owner === viewer.principalId).map(({ id }) => keyPrincipalId(id))]);
}

/** The principals that are both asked for and visible; undefined: everybody. */
export function narrowed(asked: string | undefined, visible: ReadonlySet<string> | undefined): readonly string[] | undefined {
  if (visible === undefined) return asked === undefined ? undefined : [asked];
  return asked === undefined ? [...visible] : [asked].filter((id) => visible.has(id));
}
