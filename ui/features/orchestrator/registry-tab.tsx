import type { UseQueryResult } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { useMay } from '../../api/me.ts';
import type { ApiProblem } from '../../api/problem.ts';
import { Badge } from '../../components/badge.tsx';
import { Button } from '../../components/button.tsx';
import { type Column, DataTable, type Filter } from '../../components/data-table.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { ForeignText } from '../../components/foreign-text.tsx';
import { Loaded } from '../../components/page.tsx';
import { useUrlDialog } from '../../components/url-state.ts';
import { useText } from '../../texts/texts.ts';
import type { Registry, RegistryEntry } from './shapes.ts';
import { RegistryPanel } from './registry-panel.tsx';
import { ResolvePanel } from './resolve-panel.tsx';

export function RegistryTab({ registry }: { readonly registry: UseQueryResult<Registry, ApiProblem> }) {
  const say = useText();
  const chosen = useUrlDialog('entry');
  const resolving = useUrlDialog('resolve');
  const mayWrite = useMay('server:write');
  // One that was pasted stands in no catalogue.
  const [pasted, setPasted] = useState<RegistryEntry>();
  const columns = useColumns(chosen.open);
  const filters = useFilters();
  const resolve = (
    <Button icon="plus" onClick={() => resolving.open()}>
      {say('orchestrator.resolve')}
    </Button>
  );
  const close = (): void => {
    setPasted(undefined);
    chosen.close();
  };
  return (
    <>
      <Loaded read={registry}>
        {({ items, problems }) => (
          <div className="grid grid-cols-[minmax(0,1fr)] gap-4">
            {problems.length > 0 && (
              <ul className="grid gap-1 rounded-md bg-warn-wash px-4 py-3 text-warn">
                {problems.map((problem) => (
                  <li key={problem}>
                    <ForeignText>{problem}</ForeignText>
                  </li>
                ))}
              </ul>
            )}
            <DataTable
              label={say('orchestrator.registry')}
              rows={items}
              columns={columns}
              filters={filters}
              rowKey={({ name }) => name}
              open={({ name }) => chosen.open(name)}
              tools={resolve}
              prefix="registry-"
              empty={
                <EmptyState icon="book" title={say('orchestrator.registryEmpty')} action={resolve}>
                  {say('orchestrator.registryEmptyHelp')}
                </EmptyState>
              }
            />
          </div>
        )}
      </Loaded>
      <RegistryPanel entry={pasted ?? registry.data?.items.find(({ name }) => name === chosen.value)} close={close} mayWrite={mayWrite} />
      <ResolvePanel
        isOpen={resolving.value !== undefined}
        close={resolving.close}
        resolved={(entry) => {
          setPasted(entry);
          resolving.close();
        }}
      />
    </>
  );
}

function useColumns(open: (name: string) => void): readonly Column<RegistryEntry>[] {
  const say = useText();
  return useMemo(
    () => [
      {
        id: 'name',
        text: say('common.name'),
        value: ({ name, title, description }) => `${title} ${name} ${description}`,
        cell: ({ name, title, description }) => (
          <div className="min-w-32">
            <button type="button" className="max-w-[34rem] truncate text-left font-medium hover:underline max-sm:max-w-[42vw]" onClick={() => open(name)}>
              <ForeignText>{title === '' ? name : title}</ForeignText>
            </button>
            <div className="max-w-[34rem] truncate text-soft max-sm:max-w-[42vw]">
              <ForeignText>{description === '' ? name : description}</ForeignText>
            </div>
          </div>
        ),
      },
      { id: 'version', text: say('orchestrator.version'), value: ({ version }) => version, cell: ({ version }) => <ForeignText>{version ?? '–'}</ForeignText>, from: 'sm' },
      { id: 'state', text: say('orchestrator.here'), value: (entry) => stateOf(entry), cell: (entry) => <EntryState entry={entry} /> },
    ],
    [say, open],
  );
}

type State = 'update' | 'installed' | 'absent';

function stateOf({ hasUpdate, installedVersion }: RegistryEntry): State {
  if (hasUpdate) return 'update';
  return installedVersion === null ? 'absent' : 'installed';
}

export function EntryState({ entry }: { readonly entry: RegistryEntry }) {
  const say = useText();
  const state = stateOf(entry);
  if (state === 'absent') return <span className="text-soft">–</span>;
  return <Badge tone={state === 'update' ? 'accent' : 'good'}>{say(`orchestrator.state.${state}`, { version: entry.installedVersion ?? '' })}</Badge>;
}

function useFilters(): readonly Filter<RegistryEntry>[] {
  const say = useText();
  return useMemo(
    () => [
      {
        id: 'here',
        text: say('orchestrator.here'),
        options: (['update', 'installed', 'absent'] as const).map((value) => ({ value, text: say(`orchestrator.stateFilter.${value}`) })),
        matches: (entry, value) => stateOf(entry) === value,
      },
    ],
    [say],
  );
}
