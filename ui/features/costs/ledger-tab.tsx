/** What calls cost, by day, by whom, by what. */
import { useMemo } from 'react';
import type { AnswerOf } from '../../api/operations.ts';
import { useRead } from '../../api/queries.ts';
import { Chart, type Line } from '../../components/chart.tsx';
import { type Column, DataTable } from '../../components/data-table.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { ForeignText } from '../../components/foreign-text.tsx';
import { useNowMs } from '../../components/now.ts';
import { Loaded, Section } from '../../components/page.tsx';
import { ChoiceFilter } from '../../components/record-filters.tsx';
import { useUrlValues } from '../../components/url-state.ts';
import { type Formats, useFormats } from '../../texts/formats.ts';
import { useText } from '../../texts/texts.ts';

type Ledger = AnswerOf<'GET /api/v1/costs'>;
type Row = Ledger['items'][number];

const GROUPS = ['principal', 'endpoint', 'server', 'tool', 'day'] as const;
type Group = (typeof GROUPS)[number];
const DAYS = ['7', '30', '90'] as const;
const DAY_MS = 86_400_000;

export function LedgerTab() {
  const say = useText();
  const values = useUrlValues();
  const group = GROUPS.find((each) => each === values['by']) ?? 'tool';
  const days = DAYS.find((each) => each === values['days']) ?? '30';
  const nowMs = useNowMs();
  const from = new Date(nowMs - (Number(days) - 1) * DAY_MS).toISOString().slice(0, 10);
  // A tool is known by its server: names repeat.
  const rows = useRead('GET /api/v1/costs', { query: { groupBy: group === 'tool' ? 'server,tool' : group, from } });
  const byDay = useRead('GET /api/v1/costs', { query: { groupBy: 'day', from } });
  const columns = useColumns(group);
  const filters = (
    <>
      <ChoiceFilter name="days" label={say('common.time')} all={say('costs.days', { count: 30 })} options={DAYS.filter((each) => each !== '30').map((value) => ({ value, text: say('costs.days', { count: Number(value) }) }))} />
      <ChoiceFilter name="by" label={say('costs.by')} all={say('costs.byText', { what: say('costs.groups.tool') })} options={GROUPS.filter((each) => each !== 'tool').map((value) => ({ value, text: say('costs.byText', { what: say(`costs.groups.${value}`) }) }))} />
    </>
  );
  return (
    <div className="grid gap-4">
      <Loaded read={byDay} rows={3}>
        {(ledger) => <Summary ledger={ledger} />}
      </Loaded>
      <Loaded read={rows}>
        {({ items }) => (
          <DataTable
            label={say('costs.ledger')}
            rows={items}
            columns={columns}
            rowKey={(row) => [row.day, row.principal, row.endpoint, row.server, row.tool].join('\n')}
            tools={filters}
            empty={
              <EmptyState icon="coins" title={say('costs.empty')} action={<div className="flex gap-2">{filters}</div>}>
                {say('costs.emptyHelp')}
              </EmptyState>
            }
          />
        )}
      </Loaded>
    </div>
  );
}

function Summary({ ledger: { items, total } }: { readonly ledger: Ledger }) {
  const say = useText();
  const formats = useFormats();
  const days = useMemo(() => items.toSorted((one, other) => String(one.day).localeCompare(String(other.day))), [items]);
  const at = useMemo(() => days.map(({ day }) => `${day ?? ''}T00:00:00Z`), [days]);
  const lines = useMemo<readonly Line[]>(
    () => [
      { text: say('costs.tokens'), colour: 'accent', isFilled: true, values: days.map(({ tokens }) => tokens) },
      { text: say('costs.catalogTokens'), colour: 'warn', values: days.map(({ catalogTokens }) => catalogTokens) },
    ],
    [days, say],
  );
  const figures = [
    ['calls', formats.number(total.calls)],
    ['errors', formats.number(total.errors)],
    ['tokens', formats.number(total.tokens)],
    ['catalogTokens', formats.number(total.catalogTokens)],
    ['bytes', formats.bytes(total.bytesIn + total.bytesOut)],
    ['cost', formats.number(total.cost)],
  ] as const;
  return (
    <>
      <dl className="grid grid-cols-2 gap-3 sm:grid-cols-3 xl:grid-cols-6">
        {figures.map(([name, value]) => (
          <div key={name} className="panel px-4 py-3">
            <dt className="text-soft">{say(`costs.${name}`)}</dt>
            <dd className="text-[1.5rem] leading-tight font-semibold tabular-nums">{value}</dd>
          </div>
        ))}
      </dl>
      {days.length > 1 && (
        <Section title={say('costs.perDay')}>
          <Chart label={say('costs.perDay')} at={at} lines={lines} format={formats.number} />
        </Section>
      )}
    </>
  );
}

function useColumns(group: Group): readonly Column<Row>[] {
  const say = useText();
  const formats = useFormats();
  return useMemo(() => {
    const numbers = ['calls', 'errors', 'tokens', 'catalogTokens', 'cost'] as const;
    return [
      {
        id: group,
        text: say(`costs.groups.${group}`),
        value: (row) => row[group],
        cell: (row) => (
          <span className="font-medium">
            <ForeignText charsMax={200}>{nameOf(row, group, formats)}</ForeignText>
          </span>
        ),
      },
      ...(group === 'tool' ? [{ id: 'server', text: say('costs.groups.server'), value: (row: Row) => row.server, from: 'sm' as const }] : []),
      ...numbers.map((id): Column<Row> => ({ id, text: say(`costs.${id}`), isNumber: true, value: (row) => row[id], cell: (row) => formats.number(row[id]), ...(id === 'errors' && { from: 'md' }), ...(id === 'catalogTokens' && { from: 'lg' }) })),
      { id: 'bytes', text: say('costs.bytes'), isNumber: true, from: 'xl', value: (row) => row.bytesIn + row.bytesOut, cell: (row) => formats.bytes(row.bytesIn + row.bytesOut) },
    ];
  }, [say, formats, group]);
}

function nameOf(row: Row, group: Group, formats: Formats): string {
  const name = row[group];
  if (name === null || name === '') return '–';
  return group === 'day' ? formats.day(name) : name;
}
