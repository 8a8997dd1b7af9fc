import { useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useMemo } from 'react';
import { ask } from '../../api/ask.ts';
import { useMay } from '../../api/me.ts';
import { toProblem } from '../../api/problem.ts';
import { refresh, useChange, useRead } from '../../api/queries.ts';
import { Button, IconButton } from '../../components/button.tsx';
import { type Column, DataTable } from '../../components/data-table.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { ForeignText } from '../../components/foreign-text.tsx';
import { Menu } from '../../components/menu.tsx';
import { deleteSoon, notify, notifyProblem, useLeaving } from '../../components/notices.tsx';
import { Loaded, Page } from '../../components/page.tsx';
import { useUrlDialog } from '../../components/url-state.ts';
import { useText } from '../../texts/texts.ts';
import { NewNamespace } from './new-namespace.tsx';
import type { Namespace } from './namespace-data.ts';

export function NamespacesPage() {
  const say = useText();
  const navigate = useNavigate();
  const namespaces = useRead('GET /api/v1/namespaces');
  const adding = useUrlDialog('add');
  const mayWrite = useMay('namespace:write');
  const leaving = useLeaving();
  const columns = useColumns();
  const add = (
    <Button look="accent" icon="plus" onClick={() => adding.open()}>
      {say('namespaces.add')}
    </Button>
  );
  return (
    <Page title={say('nav.namespaces')} lead={say('namespaces.lead')} actions={mayWrite && add}>
      <Loaded read={namespaces}>
        {({ items }) => (
          <DataTable
            label={say('nav.namespaces')}
            rows={items.filter(({ name }) => !leaving.has(`namespaces/${name}`))}
            columns={columns}
            rowKey={({ name }) => name}
            open={({ name }) => void navigate({ to: '/namespaces/$name', params: { name } } as never)}
            actions={(namespace) => <NamespaceMenu namespace={namespace} />}
            empty={
              <EmptyState icon="layers" title={say('namespaces.empty')} action={mayWrite && add}>
                {say('namespaces.emptyHelp')}
              </EmptyState>
            }
          />
        )}
      </Loaded>
      <NewNamespace isOpen={adding.value !== undefined} close={adding.close} />
    </Page>
  );
}

function useColumns(): readonly Column<Namespace>[] {
  const say = useText();
  return useMemo(
    () => [
      {
        id: 'name',
        text: say('common.name'),
        value: ({ name, description }) => `${name} ${description}`,
        cell: ({ name, description }) => (
          <div className="min-w-32">
            <Link to="/namespaces/$name" params={{ name } as never} className="font-medium hover:underline">
              {name}
            </Link>
            <div className="max-w-[28rem] truncate text-soft max-sm:max-w-[42vw]">
              <ForeignText>{description}</ForeignText>
            </div>
          </div>
        ),
      },
      { id: 'servers', text: say('nav.servers'), value: ({ servers }) => servers.length, isNumber: true },
      { id: 'names', text: say('namespaces.holds'), value: ({ servers }) => servers.join(', '), from: 'md', cell: ({ servers }) => <span className="line-clamp-2 text-soft">{servers.join(', ')}</span> },
      { id: 'usedBy', text: say('nav.endpoints'), value: ({ usedBy }) => usedBy.join(', '), from: 'sm', cell: ({ usedBy }) => <span className="text-soft">{usedBy.length === 0 ? '–' : usedBy.join(', ')}</span> },
    ],
    [say],
  );
}

export function NamespaceMenu({ namespace, deleted }: { readonly namespace: Namespace; readonly deleted?: () => void }) {
  const say = useText();
  const client = useQueryClient();
  const navigate = useNavigate();
  const mayWrite = useMay('namespace:write');
  const mayInspect = useMay('inspection:open');
  const { name } = namespace;
  const clone = useChange('POST /api/v1/namespaces/{name}/clone', {
    done: (copy) => {
      notify(say('namespaces.cloned', { name: copy.name }));
      void navigate({ to: '/namespaces/$name', params: { name: copy.name } } as never);
    },
  });
  const remove = (): void => {
    deleteSoon({
      key: `namespaces/${name}`,
      text: say('common.deleted', { name }),
      undoText: say('common.undo'),
      commit: () =>
        ask('DELETE /api/v1/namespaces/{name}', { params: { name } }).then(
          () => refresh(client, 'namespaces'),
          (thrown: unknown) => notifyProblem(toProblem(thrown), say('namespaces.inUse')),
        ),
    });
    deleted?.();
  };
  return (
    <Menu
      trigger={<IconButton icon="more" label={say('common.actionsOf', { name })} />}
      items={[
        { text: say('namespaces.inspect'), icon: 'terminal', onSelect: () => void navigate({ to: '/inspector', search: { kind: 'namespace', name } } as never), isDisabled: !mayInspect },
        { text: say('namespaces.definitions'), icon: 'file', onSelect: () => void navigate({ to: '/definitions', search: { namespace: name } } as never) },
        { text: say('namespaces.clone'), icon: 'copy', onSelect: () => clone.run({ params: { name }, body: { name: `${name}-copy` } }), isDisabled: !mayWrite },
        'line',
        { text: say('common.delete'), icon: 'trash', onSelect: remove, isDanger: true, isDisabled: !mayWrite || namespace.managedBy !== null },
      ]}
    />
  );
}
