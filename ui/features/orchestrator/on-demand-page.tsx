/** Servers that are made when somebody needs them: what they are made of, which run now, and what happened to them. */
import { useQueryClient } from '@tanstack/react-query';
import { useMemo } from 'react';
import { ask } from '../../api/ask.ts';
import { useMay } from '../../api/me.ts';
import type { AnswerOf } from '../../api/operations.ts';
import { toProblem } from '../../api/problem.ts';
import { refresh, useRead } from '../../api/queries.ts';
import { Badge } from '../../components/badge.tsx';
import { Button } from '../../components/button.tsx';
import { type Column, DataTable } from '../../components/data-table.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { ForeignText } from '../../components/foreign-text.tsx';
import { notify, notifyProblem } from '../../components/notices.tsx';
import { Loaded, Page } from '../../components/page.tsx';
import { Tabs } from '../../components/tabs.tsx';
import { When } from '../../components/when.tsx';
import { useFormats } from '../../texts/formats.ts';
import { useText } from '../../texts/texts.ts';

type Template = AnswerOf<'GET /api/v1/templates'>['items'][number];
type Child = AnswerOf<'GET /api/v1/children'>['items'][number];
type ChildEvent = AnswerOf<'GET /api/v1/child-events'>['items'][number];

const REFRESH_MS = 3_000;

export function OnDemandPage() {
  const say = useText();
  const mayLog = useMay('log:read');
  const maySee = useMay('session:read');
  return (
    <Page title={say('onDemand.title')} lead={say('onDemand.lead')}>
      <Tabs
        tabs={[
          ...(maySee ? [{ id: 'children', text: say('onDemand.children'), render: () => <Children /> }] : []),
          { id: 'templates', text: say('onDemand.templates'), render: () => <Templates /> },
          ...(mayLog ? [{ id: 'events', text: say('onDemand.events'), render: () => <Events /> }] : []),
        ]}
      />
    </Page>
  );
}

function Children() {
  const say = useText();
  const formats = useFormats();
  const client = useQueryClient();
  const mayStop = useMay('session:end');
  const children = useRead('GET /api/v1/children', {}, { everyMs: REFRESH_MS });
  const columns = useMemo<readonly Column<Child>[]>(
    () => [
      { id: 'name', text: say('common.name'), value: ({ name }) => name, cell: ({ name }) => <ForeignText className="font-medium">{name}</ForeignText> },
      { id: 'status', text: say('onDemand.state'), value: ({ status }) => status, cell: ({ status }) => <Badge tone="accent" hasDot>{status}</Badge> },
      { id: 'source', text: say('onDemand.source'), value: ({ source }) => source, from: 'sm' },
      { id: 'principal', text: say('onDemand.whose'), value: ({ principal }) => principal, cell: ({ principal }) => <ForeignText>{principal === '' ? say('onDemand.pool') : principal}</ForeignText>, from: 'md' },
      { id: 'calls', text: say('onDemand.calls'), isNumber: true, value: ({ calls }) => calls },
      { id: 'memory', text: say('onDemand.memory'), isNumber: true, value: ({ memoryBytes }) => memoryBytes, cell: ({ memoryBytes }) => formats.bytes(memoryBytes), from: 'md' },
      { id: 'idle', text: say('onDemand.idle'), isNumber: true, value: ({ idleMs }) => idleMs, cell: ({ idleMs }) => formats.duration(idleMs), from: 'lg' },
      { id: 'created', text: say('onDemand.since'), value: ({ createdAt }) => createdAt, cell: ({ createdAt }) => <When iso={createdAt} />, from: 'lg' },
    ],
    [say, formats],
  );
  const stop = ({ id, name }: Child): void => {
    ask('DELETE /api/v1/children/{id}', { params: { id } })
      .then(() => notify(say('onDemand.stopped', { name })))
      .catch((thrown: unknown) => notifyProblem(toProblem(thrown)))
      .finally(() => refresh(client, 'children'));
  };
  return (
    <Loaded read={children}>
      {({ items, hasSandbox }) => (
        <div className="grid gap-3">
          {!hasSandbox && <p className="rounded-lg bg-warn-wash px-4 py-2.5 text-warn">{say('onDemand.noSandbox')}</p>}
          <DataTable
            label={say('onDemand.children')}
            rows={items}
            columns={columns}
            rowKey={({ id }) => id}
            actions={
              mayStop
                ? (child) => (
                    <Button size="small" icon="power" onClick={() => stop(child)}>
                      {say('onDemand.stop')}
                    </Button>
                  )
                : undefined
            }
            empty={
              <EmptyState icon="wrench" title={say('onDemand.noChildren')}>
                {say('onDemand.noChildrenHelp')}
              </EmptyState>
            }
          />
        </div>
      )}
    </Loaded>
  );
}

function Templates() {
  const say = useText();
  const templates = useRead('GET /api/v1/templates');
  const columns = useMemo<readonly Column<Template>[]>(
    () => [
      { id: 'name', text: say('common.name'), value: ({ name }) => name, cell: ({ name }) => <ForeignText className="font-medium">{name}</ForeignText> },
      { id: 'description', text: say('common.description'), value: ({ description }) => description, cell: ({ description }) => <ForeignText charsMax={200}>{description}</ForeignText>, from: 'sm' },
      { id: 'origin', text: say('onDemand.origin'), value: ({ origin }) => origin, cell: ({ origin }) => <Badge>{say(`onDemand.origins.${origin}`)}</Badge> },
      { id: 'digest', text: say('onDemand.digest'), value: ({ digest }) => digest, cell: ({ digest }) => <code className="text-soft">{digest.slice(0, 12)}</code>, from: 'lg' },
    ],
    [say],
  );
  return <Loaded read={templates}>{({ items }) => <DataTable label={say('onDemand.templates')} rows={items} columns={columns} rowKey={({ name }) => name} empty={<EmptyState icon="wrench" title={say('onDemand.noTemplates')} />} />}</Loaded>;
}

function Events() {
  const say = useText();
  const formats = useFormats();
  const events = useRead('GET /api/v1/child-events', { query: { limit: 200 } }, { everyMs: REFRESH_MS });
  const columns = useMemo<readonly Column<ChildEvent>[]>(
    () => [
      { id: 'at', text: say('common.time'), value: ({ at }) => at, cell: ({ at }) => <span className="text-soft">{formats.instant(at)}</span> },
      { id: 'kind', text: say('onDemand.event'), value: ({ kind }) => kind, cell: ({ kind }) => <Badge>{kind}</Badge> },
      { id: 'source', text: say('onDemand.source'), value: ({ source }) => source, from: 'sm' },
      { id: 'principal', text: say('onDemand.whose'), value: ({ principal }) => principal, from: 'md' },
      { id: 'detail', text: say('onDemand.detail'), value: ({ detail }) => Object.entries(detail).map(([name, value]) => `${name}: ${String(value)}`).join(', '), from: 'md' },
    ],
    [say, formats],
  );
  return <Loaded read={events}>{({ items }) => <DataTable label={say('onDemand.events')} rows={items} columns={columns} rowKey={({ id }) => id} empty={<EmptyState icon="history" title={say('onDemand.noEvents')} />} />}</Loaded>;
}
