/** Everything of one kind that the servers of a namespace offer: on or off, renamed, described anew. */
import type { QueryClient } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { useChange } from '../../api/queries.ts';
import { Badge } from '../../components/badge.tsx';
import { Button, IconButton } from '../../components/button.tsx';
import { type Column, DataTable, type Filter } from '../../components/data-table.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { ForeignText } from '../../components/foreign-text.tsx';
import { Switch } from '../../components/form.tsx';
import { useUrlDialog } from '../../components/url-state.ts';
import { useText } from '../../texts/texts.ts';
import { type Catalog, type Namespace, type Primitive, SECTIONS, textOf } from './namespace-data.ts';
import { OverridePanel } from './override-panel.tsx';

interface PrimitivesTabProps {
  readonly namespace: Namespace;
  readonly items: readonly Primitive[];
  readonly label: string;
  /** Servers that told nothing yet. */
  readonly silent: readonly string[];
  readonly mayWrite: boolean;
}

export function PrimitivesTab({ namespace, items, label, silent, mayWrite }: PrimitivesTabProps) {
  const say = useText();
  const [keys, setKeys] = useState<ReadonlySet<string>>(new Set());
  const editing = useUrlDialog('edit');
  const { set, isRunning } = useSwitch(namespace);
  const columns = useColumns({ set: mayWrite ? set : undefined });
  const filters = useFilters(items);
  const chosen = items.filter(({ key }) => keys.has(key));
  const edited = items.find(({ key }) => key === editing.value);
  const bulk = (isOn: boolean): void => {
    set(chosen, isOn);
    setKeys(new Set());
  };
  const tools = chosen.length > 0 && (
    <>
      <span className="text-soft">{say('namespaces.selected', { count: chosen.length })}</span>
      <Button size="small" isBusy={isRunning} onClick={() => bulk(true)}>
        {say('namespaces.turnOn')}
      </Button>
      <Button size="small" isBusy={isRunning} onClick={() => bulk(false)}>
        {say('namespaces.turnOff')}
      </Button>
    </>
  );
  return (
    <div className="grid grid-cols-[minmax(0,1fr)] gap-3">
      {silent.length > 0 && <p className="rounded-lg border border-warn/30 bg-warn-wash px-4 py-2.5">{say('namespaces.silentHelp', { names: silent.join(', ') })}</p>}
      <DataTable
        label={label}
        rows={items}
        columns={columns}
        filters={filters}
        rowKey={({ key }) => key}
        open={({ key }) => editing.open(key)}
        selection={mayWrite ? { keys, set: setKeys } : undefined}
        tools={tools === false ? undefined : tools}
        actions={({ key, own }) => <IconButton icon="edit" label={say('namespaces.edit', { name: own })} onClick={() => editing.open(key)} />}
        empty={<EmptyState icon="layers" title={say('namespaces.nothingOffered')}>{say('namespaces.nothingOfferedHelp')}</EmptyState>}
      />
      {edited !== undefined && <OverridePanel key={edited.key} namespace={namespace} primitive={edited} mayWrite={mayWrite} close={editing.close} />}
    </div>
  );
}

type Set = (items: readonly Primitive[], isOn: boolean) => void;

/** Many at once are one version of the configuration; the switches move before the answer is there. */
function useSwitch(namespace: Namespace): { readonly set: Set; readonly isRunning: boolean } {
  const change = useChange('POST /api/v1/namespaces/{name}/primitives', {
    expect: (client: QueryClient, { params, body }) => {
      const names: ReadonlySet<string> = new Set(body.names);
      const turn = (item: Primitive): Primitive => (SECTIONS[item.kind] === body.kind && names.has(item.key) ? { ...item, isEnabled: body.enabled } : item);
      client.setQueriesData<Catalog>({ queryKey: ['GET /api/v1/namespaces/{name}/catalog', { params }] }, (catalog) => catalog && { ...catalog, items: catalog.items.map(turn) });
    },
  });
  const set: Set = (items, enabled) => {
    const [first] = items;
    if (first !== undefined) change.run({ params: { name: namespace.name }, body: { kind: SECTIONS[first.kind], names: items.map(({ key }) => key), enabled } });
  };
  return { set, isRunning: change.isRunning };
}

function useColumns({ set }: { readonly set: Set | undefined }): readonly Column<Primitive>[] {
  const say = useText();
  return useMemo(
    () => [
      {
        id: 'on',
        text: say('namespaces.on'),
        value: ({ isEnabled }) => (isEnabled ? 0 : 1),
        cell: (item) => <Switch label={say('namespaces.onOf', { name: item.own })} isOn={item.isEnabled} set={(isOn) => set?.([item], isOn)} disabled={set === undefined} />,
      },
      {
        id: 'name',
        text: say('common.name'),
        value: ({ exposed, own }) => `${exposed ?? ''} ${own}`,
        cell: (item) => (
          <div className="min-w-40">
            <ForeignText className={item.isEnabled ? 'font-mono font-medium' : 'font-mono text-soft line-through'}>{item.exposed ?? item.own}</ForeignText>
            <Badges item={item} />
          </div>
        ),
      },
      {
        id: 'description',
        text: say('common.description'),
        value: ({ definition, original }) => textOf(definition ?? original, 'description'),
        from: 'md',
        cell: ({ definition, original }) => (
          <span className="line-clamp-2 max-w-[36rem] text-soft">
            <ForeignText charsMax={300}>{textOf(definition ?? original, 'description')}</ForeignText>
          </span>
        ),
      },
      { id: 'server', text: say('namespaces.server'), value: ({ as }) => as, from: 'sm' },
    ],
    [say, set],
  );
}

function Badges({ item }: { readonly item: Primitive }) {
  const say = useText();
  const words = item.overridden.filter((field) => field !== 'annotations' && field !== '_meta');
  const notes = item.overridden.filter((field) => field === 'annotations' || field === '_meta');
  if (item.overridden.length === 0 && (item.exposed !== null || !item.isEnabled)) return null;
  return (
    <span className="mt-1 flex flex-wrap gap-1">
      {words.length > 0 && (
        <Badge tone="accent" title={say('namespaces.overriddenHelp', { fields: words.join(', ') })}>
          {say('namespaces.overridden')}
        </Badge>
      )}
      {notes.length > 0 && (
        <Badge tone="accent" title={say('namespaces.overriddenHelp', { fields: notes.join(', ') })}>
          {say('namespaces.annotations')}
        </Badge>
      )}
      {item.exposed === null && item.isEnabled && <Badge tone="warn">{say('namespaces.hiddenByCollision')}</Badge>}
    </span>
  );
}

function useFilters(items: readonly Primitive[]): readonly Filter<Primitive>[] {
  const say = useText();
  return useMemo(() => {
    const servers = [...new Set(items.map(({ as }) => as))];
    return [
      { id: 'server', text: say('namespaces.server'), options: servers.map((value) => ({ value, text: value })), matches: ({ as }, value) => as === value },
      {
        id: 'state',
        text: say('namespaces.state'),
        options: (['on', 'off', 'overridden'] as const).map((value) => ({ value, text: say(`namespaces.states.${value}`) })),
        matches: ({ isEnabled, overridden }, value) => (value === 'overridden' ? overridden.length > 0 : isEnabled === (value === 'on')),
      },
    ];
  }, [items, say]);
}
