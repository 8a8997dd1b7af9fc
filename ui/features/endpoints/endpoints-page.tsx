import { useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useMemo } from 'react';
import { ask } from '../../api/ask.ts';
import { useMay } from '../../api/me.ts';
import type { AnswerOf } from '../../api/operations.ts';
import { toProblem } from '../../api/problem.ts';
import { refresh, useRead } from '../../api/queries.ts';
import { Badge } from '../../components/badge.tsx';
import { Button, IconButton } from '../../components/button.tsx';
import { CopyButton } from '../../components/code.tsx';
import { type Column, DataTable } from '../../components/data-table.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { Menu } from '../../components/menu.tsx';
import { deleteSoon, notify, notifyProblem, useLeaving } from '../../components/notices.tsx';
import { Loaded, Page } from '../../components/page.tsx';
import { useUrlDialog } from '../../components/url-state.ts';
import { useText } from '../../texts/texts.ts';
import { NewEndpoint } from './new-endpoint.tsx';

export type Endpoint = AnswerOf<'GET /api/v1/endpoints/{name}'>;

export function EndpointsPage() {
  const say = useText();
  const navigate = useNavigate();
  const endpoints = useRead('GET /api/v1/endpoints');
  const adding = useUrlDialog('add');
  const mayWrite = useMay('endpoint:write');
  const leaving = useLeaving();
  const columns = useColumns();
  const add = (
    <Button look="accent" icon="plus" onClick={() => adding.open()}>
      {say('endpoints.add')}
    </Button>
  );
  return (
    <Page title={say('nav.endpoints')} lead={say('endpoints.lead')} actions={mayWrite && add}>
      <Loaded read={endpoints}>
        {({ items }) => (
          <DataTable
            label={say('nav.endpoints')}
            rows={items.filter(({ name }) => !leaving.has(`endpoints/${name}`))}
            columns={columns}
            rowKey={({ name }) => name}
            open={({ name }) => void navigate({ to: '/endpoints/$name', params: { name } } as never)}
            actions={(endpoint) => (
              <>
                <CopyButton text={endpoint.mcpUrl} label={say('endpoints.copyUrl')} isIconOnly />
                <EndpointMenu endpoint={endpoint} />
              </>
            )}
            empty={
              <EmptyState icon="plug" title={say('endpoints.empty')} action={mayWrite && add}>
                {say('endpoints.emptyHelp')}
              </EmptyState>
            }
          />
        )}
      </Loaded>
      <NewEndpoint isOpen={adding.value !== undefined} close={adding.close} />
    </Page>
  );
}

function useColumns(): readonly Column<Endpoint>[] {
  const say = useText();
  return useMemo(
    () => [
      {
        id: 'name',
        text: say('common.name'),
        value: ({ name }) => name,
        cell: ({ name }) => (
          <Link to="/endpoints/$name" params={{ name } as never} className="font-medium hover:underline">
            {name}
          </Link>
        ),
      },
      { id: 'url', text: say('endpoints.url'), value: ({ mcpUrl }) => mcpUrl, from: 'md', cell: ({ mcpUrl }) => <code className="text-soft">{mcpUrl}</code> },
      {
        id: 'namespace',
        text: say('endpoints.namespace'),
        value: ({ namespace }) => namespace,
        cell: ({ namespace }) => (
          <Link to="/namespaces/$name" params={{ name: namespace } as never} className="hover:underline">
            {namespace}
          </Link>
        ),
      },
      { id: 'auth', text: say('endpoints.auth'), value: (endpoint) => Number(isOpen(endpoint)), from: 'sm', cell: (endpoint) => <AuthBadges endpoint={endpoint} /> },
    ],
    [say],
  );
}

export function isOpen({ auth }: Pick<Endpoint, 'auth'>): boolean {
  return !auth.apiKey && auth.oauth === false && auth.jwt === undefined;
}

export function AuthBadges({ endpoint }: { readonly endpoint: Endpoint }) {
  const say = useText();
  const { auth } = endpoint;
  return (
    <span className="flex flex-wrap gap-1">
      {isOpen(endpoint) && <Badge tone="warn">{say('endpoints.open')}</Badge>}
      {auth.apiKey && <Badge>{say('endpoints.key')}</Badge>}
      {auth.oauth !== false && <Badge>{say('endpoints.oauth')}</Badge>}
      {auth.jwt !== undefined && <Badge>{say('endpoints.jwt')}</Badge>}
    </span>
  );
}

export function EndpointMenu({ endpoint, deleted }: { readonly endpoint: Endpoint; readonly deleted?: () => void }) {
  const say = useText();
  const client = useQueryClient();
  const mayWrite = useMay('endpoint:write');
  const navigate = useNavigate();
  const mayInspect = useMay('inspection:open');
  const mayOperate = useMay('server:operate');
  const { name, managedBy, servers } = endpoint;
  const resync = (): void => {
    Promise.all(servers.map((server) => ask('POST /api/v1/servers/{name}/resync', { params: { name: server } }))).then(
      () => {
        refresh(client, 'servers');
        notify(say('endpoints.resynced', { count: servers.length }));
      },
      (thrown: unknown) => notifyProblem(toProblem(thrown)),
    );
  };
  const remove = (): void => {
    deleteSoon({
      key: `endpoints/${name}`,
      text: say('common.deleted', { name }),
      undoText: say('common.undo'),
      commit: () =>
        ask('DELETE /api/v1/endpoints/{name}', { params: { name }, query: { force: 'true' } }).then(
          () => refresh(client, 'endpoints'),
          (thrown: unknown) => notifyProblem(toProblem(thrown)),
        ),
    });
    deleted?.();
  };
  return (
    <Menu
      trigger={<IconButton icon="more" label={say('common.actionsOf', { name })} />}
      items={[
        { text: say('endpoints.inspect'), icon: 'terminal', onSelect: () => void navigate({ to: '/inspector', search: { kind: 'endpoint', name } } as never), isDisabled: !mayInspect },
        { text: say('endpoints.resync'), icon: 'refresh', onSelect: resync, isDisabled: !mayOperate || servers.length === 0 },
        'line',
        { text: say('common.delete'), icon: 'trash', onSelect: remove, isDanger: true, isDisabled: !mayWrite || managedBy !== null },
      ]}
    />
  );
}
