/** Every request: as it happens on top, and as it was below. */
import { useMemo } from 'react';
import { usePages, useRead } from '../../api/queries.ts';
import { Badge } from '../../components/badge.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { ForeignText } from '../../components/foreign-text.tsx';
import { SwitchField } from '../../components/form.tsx';
import { useNowMs } from '../../components/now.ts';
import { ChoiceFilter, FilterBar, SpanFilter, spanStart, TextFilter } from '../../components/record-filters.tsx';
import { type RecordColumn, RecordTable } from '../../components/record-table.tsx';
import { useSetUrl, useUrlDialog, useUrlValues } from '../../components/url-state.ts';
import { useFormats } from '../../texts/formats.ts';
import { useText } from '../../texts/texts.ts';
import { CallMenu } from './call-menu.tsx';
import { CallPanel } from './call-panel.tsx';
import { LimitDialog } from './limit-dialog.tsx';
import { useLiveCalls } from './live-calls.ts';
import { OutcomeBadge } from './outcome-badge.tsx';
import { type Call, FILTERS, subjectOf } from './traffic-call.ts';

const PAGE_ROWS = 200;

export function CallsTab() {
  const say = useText();
  const values = useUrlValues();
  const setUrl = useSetUrl();
  const opened = useUrlDialog('call');
  const limited = useUrlDialog('limit');
  const query = useQueryValues();
  const history = usePages('GET /api/v1/traffic', { query: { ...query, limit: PAGE_ROWS } });
  const isLive = values['live'] !== 'off';
  const live = useLiveCalls(new URLSearchParams(query).toString(), isLive);
  const rows = useMemo(() => merge(live.calls, history.rows), [live.calls, history.rows]);
  const columns = useColumns();
  const shown = rows?.find(({ id }) => id === limited.value);
  return (
    <div className="grid gap-3">
      <Filters />
      <div className="flex flex-wrap items-center gap-x-5 gap-y-2">
        <SwitchField label={say('traffic.live')} isOn={isLive} set={(isOn) => setUrl({ live: isOn ? undefined : 'off' })} />
        {isLive && (
          <span role="status" className="text-soft">
            {say(live.isOpen ? 'traffic.watching' : 'traffic.connecting', { count: live.calls.length })}
          </span>
        )}
        {live.missed > 0 && <Badge tone="warn">{say('traffic.missed', { count: live.missed })}</Badge>}
        <SwitchField label={say('traffic.onlyCalls')} isOn={values['calls'] === 'true'} set={(isOn) => setUrl({ calls: isOn ? 'true' : undefined })} />
      </div>
      <RecordTable
        label={say('traffic.title')}
        {...history}
        rows={rows}
        columns={columns}
        rowKey={({ id }) => id}
        open={({ id }) => opened.open(id)}
        current={opened.value}
        actions={(call) => <CallMenu call={call} limit={() => limited.open(call.id)} open={() => opened.open(call.id)} />}
        empty={<NoCalls />}
      />
      <CallPanel id={opened.value} close={opened.close} limit={(id) => setUrl({ call: undefined, limit: id })} />
      <LimitDialog key={limited.value} id={limited.value} known={shown} close={limited.close} />
    </div>
  );
}

/** Live ones first; what the history has too is shown once. */
function merge(live: readonly Call[], history: readonly Call[] | undefined): readonly Call[] | undefined {
  if (history === undefined) return live.length === 0 ? undefined : live;
  const known = new Set(history.map(({ id }) => id));
  return [...live.filter(({ id }) => !known.has(id)), ...history];
}

function useQueryValues() {
  const values = useUrlValues();
  const nowMs = useNowMs();
  const from = spanStart(values['span'], nowMs);
  // The address as a text: the same filters are the same question.
  const written = JSON.stringify(FILTERS.flatMap((name) => (name === 'span' || !values[name] ? [] : [[name, values[name]]])));
  return useMemo(() => ({ ...(Object.fromEntries(JSON.parse(written)) as Record<string, string>), ...(from !== undefined && { from }) }), [written, from]);
}

function Filters() {
  const say = useText();
  const servers = useRead('GET /api/v1/servers').data?.items ?? [];
  const endpoints = useRead('GET /api/v1/endpoints').data?.items ?? [];
  return (
    <FilterBar names={FILTERS}>
      <SpanFilter />
      <ChoiceFilter name="outcome" label={say('traffic.outcome')} options={(['ok', 'failed'] as const).map((value) => ({ value, text: say(`traffic.outcomes.${value}`) }))} />
      <TextFilter name="tool" label={say('traffic.tool')} />
      <TextFilter name="server" label={say('traffic.server')} options={servers.map(({ name }) => name)} />
      <TextFilter name="endpoint" label={say('traffic.endpoint')} options={endpoints.map(({ name }) => name)} />
      <TextFilter name="principal" label={say('traffic.principal')} />
      <TextFilter name="method" label={say('traffic.method')} options={['tools/call', 'tools/list', 'resources/read', 'prompts/get']} />
      <ChoiceFilter name="decision" label={say('traffic.decision')} options={(['allow', 'approve', 'deny'] as const).map((value) => ({ value, text: say(`traffic.effects.${value}`) }))} />
    </FilterBar>
  );
}

function useColumns(): readonly RecordColumn<Call>[] {
  const say = useText();
  const formats = useFormats();
  return useMemo(
    () => [
      { id: 'at', text: say('common.time'), cell: ({ at }) => <time dateTime={at} title={formats.instant(at)} className="whitespace-nowrap text-soft tabular-nums">{formats.time(at)}</time> },
      {
        id: 'subject',
        text: say('traffic.request'),
        cell: (call) => (
          <div className="flex max-w-[44vw] min-w-28 items-center gap-2 md:max-w-[20rem] xl:max-w-[28rem]">
            <span className="truncate font-medium">
              <ForeignText charsMax={300}>{subjectOf(call)}</ForeignText>
            </span>
            {call.isWrite && <Badge tone="warn" title={say('traffic.writeHelp')}>{say('traffic.write')}</Badge>}
          </div>
        ),
      },
      { id: 'outcome', text: say('traffic.outcome'), cell: ({ outcome }) => <OutcomeBadge outcome={outcome} /> },
      { id: 'principal', text: say('traffic.principal'), from: 'sm', cell: ({ principal }) => <span className="block max-w-40 truncate">{principal === null ? '–' : <ForeignText>{principal.name}</ForeignText>}</span> },
      { id: 'endpoint', text: say('traffic.endpoint'), from: 'lg', cell: ({ endpoint }) => <span className="block max-w-40 truncate text-soft">{endpoint?.startsWith('~') === true ? say('traffic.inspection') : (endpoint ?? '–')}</span> },
      { id: 'server', text: say('traffic.server'), from: 'md', cell: ({ server }) => <span className="block max-w-36 truncate text-soft">{server ?? '–'}</span> },
      { id: 'duration', text: say('traffic.duration'), from: 'sm', isNumber: true, cell: ({ durationMs }) => <span className="whitespace-nowrap">{durationMs === null ? '–' : formats.duration(durationMs)}</span> },
      { id: 'tokens', text: say('traffic.tokens'), from: 'xl', isNumber: true, cell: ({ tokens }) => formats.number(tokens) },
    ],
    [say, formats],
  );
}

function NoCalls() {
  const say = useText();
  const values = useUrlValues();
  const isFiltered = FILTERS.some((name) => (values[name] ?? '') !== '');
  return (
    <EmptyState icon="pulse" title={say(isFiltered ? 'table.nothingFound' : 'traffic.empty')}>
      {say(isFiltered ? 'traffic.nothingFoundHelp' : 'traffic.emptyHelp')}
    </EmptyState>
  );
}
