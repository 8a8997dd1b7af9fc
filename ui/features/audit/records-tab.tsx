import { Link } from '@tanstack/react-router';
import { useMemo } from 'react';
import { useMay } from '../../api/me.ts';
import { usePages, useRead } from '../../api/queries.ts';
import { Badge } from '../../components/badge.tsx';
import { SidePanel } from '../../components/dialog.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { ForeignText } from '../../components/foreign-text.tsx';
import { JsonView } from '../../components/json-view.tsx';
import { Facts } from '../../components/page.tsx';
import { type RecordColumn, RecordTable } from '../../components/record-table.tsx';
import { useUrlDialog } from '../../components/url-state.ts';
import { useFormats } from '../../texts/formats.ts';
import { useText } from '../../texts/texts.ts';
import { AuditFilters } from './audit-filters.tsx';
import { type AuditRecord, subjectOf, TONES, useAuditQuery } from './audit-record.ts';

const PAGE_ROWS = 200;
/** Of requests, and of the two records of a change. */
const FINE: ReadonlySet<string> = new Set(['ok', 'started', 'done']);

export function RecordsTab() {
  const say = useText();
  const query = useAuditQuery();
  const pages = usePages('GET /api/v1/audit', { query: { ...query, limit: PAGE_ROWS } });
  const opened = useUrlDialog('record');
  const columns = useColumns();
  const record = pages.rows?.find(({ position }) => String(position) === opened.value);
  return (
    <div className="grid gap-3">
      <AuditFilters />
      <RecordTable
        label={say('audit.title')}
        {...pages}
        columns={columns}
        rowKey={({ position }) => String(position)}
        open={({ position }) => opened.open(String(position))}
        current={opened.value}
        empty={
          <EmptyState icon="book" title={say(Object.keys(query).length === 0 ? 'audit.empty' : 'table.nothingFound')}>
            {say(Object.keys(query).length === 0 ? 'audit.emptyHelp' : 'audit.nothingFoundHelp')}
          </EmptyState>
        }
      />
      <SidePanel isOpen={record !== undefined} close={opened.close} width="wide" title={record === undefined ? '' : <ForeignText charsMax={200}>{subjectOf(record)}</ForeignText>}>
        {record !== undefined && <Detail record={record} />}
      </SidePanel>
    </div>
  );
}

/** Changes are recorded with the id of who made them: people who look are told the name, as far as it is known now. */
function useNames(): (principal: NonNullable<AuditRecord['principal']>) => string {
  const mayUsers = useMay('user:read');
  const mayKeys = useMay('key:read');
  const users = useRead('GET /api/v1/users', {}, { enabled: mayUsers }).data?.items;
  const keys = useRead('GET /api/v1/keys', {}, { enabled: mayKeys }).data?.items;
  return useMemo(() => {
    const names = new Map([...(users ?? []).flatMap(({ id, name }) => [[id, name], [`user:${id}`, name]] as const), ...(keys ?? []).map(({ id, name }) => [`key:${id}`, name] as const)]);
    return ({ id, name }) => (name === id ? (names.get(id) ?? name) : name);
  }, [users, keys]);
}

function useColumns(): readonly RecordColumn<AuditRecord>[] {
  const say = useText();
  const formats = useFormats();
  const nameOf = useNames();
  return useMemo(
    () => [
      { id: 'position', text: '#', isNumber: true, from: 'xl', cell: ({ position }) => <span className="text-soft">{position}</span> },
      { id: 'at', text: say('common.time'), cell: ({ at }) => <time dateTime={at} className="text-soft tabular-nums sm:whitespace-nowrap">{formats.instant(at)}</time> },
      { id: 'kind', text: say('audit.kind'), cell: ({ kind }) => <Badge tone={TONES[kind]}>{say(`audit.kinds.${kind}`)}</Badge> },
      {
        id: 'what',
        text: say('audit.what'),
        cell: (record) => (
          <span className="block max-w-[36vw] min-w-24 truncate font-medium md:max-w-[14rem] xl:max-w-[18rem] 2xl:max-w-[26rem]">
            <ForeignText charsMax={300}>{subjectOf(record)}</ForeignText>
          </span>
        ),
      },
      { id: 'principal', text: say('audit.principal'), from: 'sm', cell: ({ principal }) => <span className="block max-w-40 truncate">{principal === null ? '–' : <ForeignText>{nameOf(principal)}</ForeignText>}</span> },
      { id: 'outcome', text: say('audit.outcome'), from: 'md', cell: ({ outcome }) => <span className={outcome === null || FINE.has(outcome) ? 'text-soft' : 'text-bad'}>{outcome ?? '–'}</span> },
      { id: 'writer', text: say('audit.writer'), from: '2xl', cell: ({ writer, seq }) => <code className="text-soft">{`${writer.slice(0, 8)}…/${seq}`}</code> },
    ],
    [say, formats, nameOf],
  );
}

function Detail({ record }: { readonly record: AuditRecord }) {
  const say = useText();
  const formats = useFormats();
  return (
    <div className="grid gap-5">
      <Facts
        facts={[
          [say('audit.kind'), <span key="kind"><Badge tone={TONES[record.kind]}>{say(`audit.kinds.${record.kind}`)}</Badge> <span className="text-soft">{say(`audit.kindHelp.${record.kind}`)}</span></span>],
          [say('common.time'), formats.instant(record.at)],
          [say('audit.principal'), record.principal === null ? '–' : <ForeignText key="principal">{`${record.principal.name} (${record.principal.kind})`}</ForeignText>],
          [say('audit.outcome'), record.outcome ?? '–'],
          ...(record.callId === null ? [] : [[say('audit.call'), <Link key="call" to="/traffic" search={{ call: record.callId } as never} className="text-accent underline">{record.callId}</Link>] as const]),
          [say('audit.writer'), <code key="writer" className="wrap-anywhere">{`${record.writer} / ${record.seq}`}</code>],
          [say('audit.hash'), <code key="hash" className="wrap-anywhere">{record.hash}</code>],
        ]}
      />
      <JsonView label={say('audit.whole')} value={record} className="max-h-none" />
    </div>
  );
}
