import { Link, useNavigate } from '@tanstack/react-router';
import { useMemo } from 'react';
import { useMay } from '../../api/me.ts';
import { useRead } from '../../api/queries.ts';
import { Button } from '../../components/button.tsx';
import { type Column, DataTable, type Filter } from '../../components/data-table.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { ForeignText } from '../../components/foreign-text.tsx';
import { useLeaving } from '../../components/notices.tsx';
import { Loaded, Page } from '../../components/page.tsx';
import { useUrlDialog } from '../../components/url-state.ts';
import { useFormats } from '../../texts/formats.ts';
import { useText } from '../../texts/texts.ts';
import { AddServers } from './add-servers.tsx';
import { EnabledSwitch, ServerMenu } from './server-actions.tsx';
import { placeOf, type Server, STATUSES, StatusBadge } from './server-state.tsx';

export function ServersPage() {
  const say = useText();
  const navigate = useNavigate();
  const servers = useRead('GET /api/v1/servers');
  const adding = useUrlDialog('add');
  const mayWrite = useMay('server:write');
  const leaving = useLeaving();
  const columns = useColumns();
  const filters = useFilters(servers.data?.items);
  const add = (
    <Button look="accent" icon="plus" onClick={() => adding.open('paste')}>
      {say('servers.add')}
    </Button>
  );
  return (
    <Page title={say('nav.servers')} lead={say('servers.lead')} actions={mayWrite && add}>
      <Loaded read={servers}>
        {({ items }) => (
          <DataTable
            label={say('nav.servers')}
            rows={items.filter(({ name }) => !leaving.has(`servers/${name}`))}
            columns={columns}
            filters={filters}
            rowKey={({ name }) => name}
            open={({ name }) => void navigate({ to: '/servers/$name', params: { name } } as never)}
            actions={(server) => (
              <>
                <EnabledSwitch server={server} />
                <ServerMenu server={server} />
              </>
            )}
            empty={
              <EmptyState icon="server" title={say('servers.empty')} action={mayWrite && add}>
                {say('servers.emptyHelp')}
              </EmptyState>
            }
          />
        )}
      </Loaded>
      <AddServers way={adding.value} setWay={adding.open} close={adding.close} />
    </Page>
  );
}

function useColumns(): readonly Column<Server>[] {
  const say = useText();
  const formats = useFormats();
  return useMemo(
    () => [
      {
        id: 'name',
        text: say('common.name'),
        value: ({ name, description, tags }) => `${name} ${description} ${tags.join(' ')}`,
        cell: (server) => (
          <div className="min-w-32">
            <Link to="/servers/$name" params={{ name: server.name } as never} className="font-medium hover:underline">
              {server.name}
            </Link>
            <div className="max-w-[20rem] truncate max-sm:max-w-[42vw] 2xl:max-w-[28rem] text-soft">
              <ForeignText>{server.description === '' ? placeOf(server) : server.description}</ForeignText>
            </div>
          </div>
        ),
      },
      { id: 'status', text: say('servers.state'), value: ({ status }) => status, cell: ({ status }) => <StatusBadge status={status} /> },
      { id: 'type', text: say('servers.type'), value: ({ type }) => type, from: 'md' },
      { id: 'tools', text: say('servers.tools'), value: ({ tools }) => tools, isNumber: true, from: 'sm' },
      { id: 'latency', text: say('servers.handshake'), value: ({ handshakeMs }) => handshakeMs, cell: ({ handshakeMs }) => (handshakeMs === null ? '–' : formats.duration(handshakeMs)), isNumber: true, from: 'xl' },
      { id: 'restarts', text: say('servers.restarts'), value: ({ restarts }) => restarts, isNumber: true, from: '2xl' },
      { id: 'usedBy', text: say('servers.usedBy'), value: ({ usedBy }) => usedBy.join(', '), from: 'lg', cell: ({ usedBy }) => <span className="text-soft">{usedBy.length === 0 ? '–' : usedBy.join(', ')}</span> },
    ],
    [say, formats],
  );
}

function useFilters(items: readonly Server[] = []): readonly Filter<Server>[] {
  const say = useText();
  return useMemo(
    () => [
      { id: 'status', text: say('servers.state'), options: STATUSES.map((value) => ({ value, text: say(`servers.status.${value}`) })), matches: ({ status }, value) => status === value },
      { id: 'type', text: say('servers.type'), options: [...new Set(items.map(({ type }) => type))].toSorted().map((value) => ({ value, text: value })), matches: ({ type }, value) => type === value },
    ],
    [say, items],
  );
}
