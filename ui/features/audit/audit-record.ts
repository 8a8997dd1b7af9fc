import { useMemo } from 'react';
import type { AnswerOf } from '../../api/operations.ts';
import type { Tone } from '../../components/badge.tsx';
import { useNowMs } from '../../components/now.ts';
import { spanStart } from '../../components/record-filters.tsx';
import { useUrlValues } from '../../components/url-state.ts';

export type AuditRecord = AnswerOf<'GET /api/v1/audit'>['items'][number];
export type AuditKind = AuditRecord['kind'];

export const KINDS = ['call', 'intent', 'outcome', 'unknown', 'admin', 'loss', 'purge', 'tombstone'] as const satisfies readonly AuditKind[];
export const TONES: Readonly<Record<AuditKind, Tone>> = { call: 'plain', intent: 'plain', outcome: 'plain', unknown: 'warn', admin: 'accent', loss: 'bad', purge: 'warn', tombstone: 'warn' };
/** In the address and in the API alike; `span` is the page's own. */
export const FILTERS = ['kind', 'principal', 'action', 'subject', 'endpoint', 'server', 'tool', 'outcome', 'call', 'span'] as const;

/** The filters as the API wants them. */
export function useAuditQuery(): Readonly<Record<string, string>> {
  const values = useUrlValues();
  const from = spanStart(values['span'], useNowMs());
  const written = JSON.stringify(FILTERS.flatMap((name) => (name === 'span' || !values[name] ? [] : [[name, values[name]]])));
  return useMemo(() => ({ ...(Object.fromEntries(JSON.parse(written)) as Record<string, string>), ...(from !== undefined && { from }) }), [written, from]);
}

/** What it is about, in a word. */
export function subjectOf(record: AuditRecord): string {
  if (record.kind === 'admin') return [record.action, record.subject].filter((part) => part !== null && part !== '').join(' · ');
  return record.exposed ?? record.tool ?? record.method ?? '–';
}
