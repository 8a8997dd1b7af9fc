import { useMemo } from 'react';
import { useQueryClient } from '@tanstack/react-query';
import { ask } from '../../api/ask.ts';
import { useMay } from '../../api/me.ts';
import { toProblem } from '../../api/problem.ts';
import { refresh, useRead } from '../../api/queries.ts';
import { Badge } from '../../components/badge.tsx';
import { Button, IconButton } from '../../components/button.tsx';
import { type Column, DataTable, type Filter } from '../../components/data-table.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { ForeignText } from '../../components/foreign-text.tsx';
import { Menu } from '../../components/menu.tsx';
import { deleteSoon, notifyProblem, useLeaving } from '../../components/notices.tsx';
import { useNowMs } from '../../components/now.ts';
import { Loaded, Page } from '../../components/page.tsx';
import { useUrlDialog } from '../../components/url-state.ts';
import { When } from '../../components/when.tsx';
import { useText } from '../../texts/texts.ts';
import type { Key } from './key.ts';
import { NewKey } from './new-key.tsx';
import { RotateKey } from './rotate-key.tsx';

type State = 'active' | 'expired' | 'revoked';

const STATES = ['active', 'expired', 'revoked'] as const;
const TONES = { active: 'good', expired: 'warn', revoked: 'plain' } as const;

export function KeysPage() {
  const say = useText();
  const keys = useRead('GET /api/v1/keys');
  const adding = useUrlDialog('add');
  const rotating = useUrlDialog('rotate');
  const mayCreate = useMay('key:create');
  const leaving = useLeaving();
  const columns = useColumns();
  const filters = useFilters();
  const add = (
    <Button look="accent" icon="plus" onClick={() => adding.open()}>
      {say('keys.add')}
    </Button>
  );
  return (
    <Page title={say('keys.title')} lead={say('keys.lead')} actions={mayCreate && add}>
      <Loaded read={keys}>
        {({ items }) => (
          <>
            <DataTable
              label={say('keys.title')}
              rows={items.filter(({ id }) => !leaving.has(`keys/${id}`))}
              columns={columns}
              filters={filters}
              rowKey={({ id }) => id}
              actions={(key) => <KeyMenu entry={key} rotate={() => rotating.open(key.id)} />}
              empty={
                <EmptyState icon="key" title={say('keys.empty')} action={mayCreate && add}>
                  {say('keys.emptyHelp')}
                </EmptyState>
              }
            />
            <RotateKey entry={items.find(({ id }) => id === rotating.value)} close={rotating.close} />
          </>
        )}
      </Loaded>
      <NewKey isOpen={adding.value !== undefined} close={adding.close} />
    </Page>
  );
}

function stateOf({ revokedAt, expiresAt }: Key, nowMs: number): State {
  if (revokedAt !== null) return 'revoked';
  return expiresAt !== null && Date.parse(expiresAt) <= nowMs ? 'expired' : 'active';
}

function useColumns(): readonly Column<Key>[] {
  const say = useText();
  const nowMs = useNowMs();
  return useMemo(
    () => [
      { id: 'name', text: say('common.name'), value: ({ name }) => name, cell: ({ name }) => <ForeignText className="font-medium">{name}</ForeignText> },
      {
        id: 'state',
        text: say('keys.state'),
        value: (key) => stateOf(key, nowMs),
        cell: (key) => (
          <Badge tone={TONES[stateOf(key, nowMs)]} hasDot>
            {say(`keys.states.${stateOf(key, nowMs)}`)}
          </Badge>
        ),
      },
      { id: 'endpoints', text: say('keys.opens'), value: ({ endpoints }) => endpoints.join(', '), from: 'sm', cell: ({ endpoints }) => (endpoints.includes('*') ? <Badge>{say('keys.all')}</Badge> : endpoints.join(', ')) },
      { id: 'source', text: say('keys.source'), value: ({ source, owner }) => `${source} ${owner ?? ''}`, from: 'lg', cell: ({ source, owner }) => <span className="text-soft">{say(owner === null ? `keys.sources.${source}` : 'keys.private')}</span> },
      { id: 'lastUsed', text: say('keys.lastUsed'), value: ({ lastUsedAt }) => lastUsedAt, from: 'md', cell: ({ lastUsedAt }) => (lastUsedAt === null ? say('keys.never') : <When iso={lastUsedAt} />) },
      { id: 'expires', text: say('keys.expires'), value: ({ expiresAt }) => expiresAt, from: 'md', cell: ({ expiresAt }) => (expiresAt === null ? say('keys.never') : <When iso={expiresAt} />) },
    ],
    [say, nowMs],
  );
}

function useFilters(): readonly Filter<Key>[] {
  const say = useText();
  const nowMs = useNowMs();
  return useMemo(() => [{ id: 'state', text: say('keys.state'), options: STATES.map((value) => ({ value, text: say(`keys.states.${value}`) })), matches: (key, value) => stateOf(key, nowMs) === value }], [say, nowMs]);
}

function KeyMenu({ entry, rotate }: { readonly entry: Key; readonly rotate: () => void }) {
  const say = useText();
  const client = useQueryClient();
  const mayRevoke = useMay('key:revoke');
  const mayCreate = useMay('key:create');
  const isFixed = entry.revokedAt !== null || entry.source === 'file';
  const revoke = (): void =>
    deleteSoon({
      key: `keys/${entry.id}`,
      text: say('keys.revoked', { name: entry.name }),
      undoText: say('common.undo'),
      commit: () =>
        ask('DELETE /api/v1/keys/{id}', { params: { id: entry.id } }).then(
          () => refresh(client, 'keys'),
          (thrown: unknown) => notifyProblem(toProblem(thrown)),
        ),
    });
  return (
    <Menu
      trigger={<IconButton icon="more" label={say('common.actionsOf', { name: entry.name })} />}
      items={[
        { text: say('keys.rotate'), icon: 'refresh', onSelect: rotate, isDisabled: !mayCreate || isFixed },
        'line',
        { text: say('keys.revoke'), icon: 'trash', onSelect: revoke, isDanger: true, isDisabled: !mayRevoke || isFixed },
      ]}
    />
  );
}
