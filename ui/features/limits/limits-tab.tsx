import { useQueryClient } from '@tanstack/react-query';
import { useMemo } from 'react';
import { ask } from '../../api/ask.ts';
import { useMay } from '../../api/me.ts';
import type { AnswerOf } from '../../api/operations.ts';
import { toProblem } from '../../api/problem.ts';
import { refresh, useRead } from '../../api/queries.ts';
import { Button, IconButton } from '../../components/button.tsx';
import { type Column, DataTable } from '../../components/data-table.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { deleteSoon, notifyProblem, useLeaving } from '../../components/notices.tsx';
import { Loaded } from '../../components/page.tsx';
import { useUrlDialog } from '../../components/url-state.ts';
import { useText } from '../../texts/texts.ts';
import { describe } from './describe-limit.ts';
import { LimitForm } from './limit-form.tsx';

type Limit = AnswerOf<'GET /api/v1/limits'>['items'][number];

/** Limits that hold at every endpoint. */
export function LimitsTab() {
  const say = useText();
  const limits = useRead('GET /api/v1/limits');
  const mayWrite = useMay('limit:write');
  const adding = useUrlDialog('add');
  const editing = useUrlDialog('edit');
  const leaving = useLeaving();
  const remove = useRemoval();
  const columns = useMemo<readonly Column<Limit>[]>(
    () => [
      { id: 'name', text: say('common.name'), value: ({ name }) => name, cell: ({ name }) => <span className="font-medium">{name}</span> },
      { id: 'what', text: say('limits.what'), value: ({ config }) => describe(config, say) },
    ],
    [say],
  );
  const add = (
    <Button look="accent" icon="plus" onClick={() => adding.open()}>
      {say('limits.add')}
    </Button>
  );
  return (
    <>
      <p className="mb-3 text-soft">{say('limits.everywhereHelp')}</p>
      <Loaded read={limits}>
        {({ items }) => {
          const edited = items.find(({ name }) => name === editing.value);
          return (
            <>
              <DataTable
                label={say('limits.everywhere')}
                rows={items.filter(({ name }) => !leaving.has(`limits/${name}`))}
                columns={columns}
                rowKey={({ name }) => name}
                {...(mayWrite && { open: ({ name }: Limit) => editing.open(name) })}
                tools={mayWrite && add}
                actions={
                  mayWrite
                    ? ({ name, managedBy }) =>
                        managedBy === null && (
                          <>
                            <IconButton icon="edit" size="small" label={say('limits.change', { name })} onClick={() => editing.open(name)} />
                            <IconButton icon="trash" size="small" label={`${say('common.delete')}: ${name}`} onClick={() => remove(name)} />
                          </>
                        )
                    : undefined
                }
                empty={
                  <EmptyState icon="gauge" title={say('limits.none')} action={mayWrite && add}>
                    {say('limits.noneHelp')}
                  </EmptyState>
                }
              />
              {adding.value !== undefined && <LimitForm close={adding.close} />}
              {edited !== undefined && <LimitForm close={editing.close} limit={edited} />}
            </>
          );
        }}
      </Loaded>
    </>
  );
}

function useRemoval(): (name: string) => void {
  const say = useText();
  const client = useQueryClient();
  return (name) =>
    deleteSoon({
      key: `limits/${name}`,
      text: say('common.deleted', { name }),
      undoText: say('common.undo'),
      commit: () =>
        ask('DELETE /api/v1/limits/{name}', { params: { name } })
          .catch((thrown: unknown) => notifyProblem(toProblem(thrown)))
          .finally(() => refresh(client, 'limits')),
    });
}
