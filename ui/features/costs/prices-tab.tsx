import { useMemo, useState } from 'react';
import { ask } from '../../api/ask.ts';
import { useMay } from '../../api/me.ts';
import type { AnswerOf } from '../../api/operations.ts';
import { refresh, useChange, useRead } from '../../api/queries.ts';
import { useQueryClient } from '@tanstack/react-query';
import { Button, IconButton } from '../../components/button.tsx';
import { type Column, DataTable } from '../../components/data-table.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { Form, TextField } from '../../components/form.tsx';
import { deleteSoon, notify, notifyProblem, useLeaving } from '../../components/notices.tsx';
import { toProblem } from '../../api/problem.ts';
import { Loaded } from '../../components/page.tsx';
import { useUrlDialog } from '../../components/url-state.ts';
import { useText } from '../../texts/texts.ts';

type Price = AnswerOf<'GET /api/v1/prices'>['items'][number];

export function PricesTab() {
  const say = useText();
  const prices = useRead('GET /api/v1/prices');
  const mayWrite = useMay('price:write');
  const adding = useUrlDialog('add');
  const leaving = useLeaving();
  const columns = useColumns();
  const remove = useRemoval();
  const add = (
    <Button look="accent" icon="plus" onClick={() => adding.open()}>
      {say('costs.addPrice')}
    </Button>
  );
  return (
    <>
      <Loaded read={prices}>
        {({ items }) => (
          <DataTable
            label={say('costs.prices')}
            rows={items.filter(({ name }) => !leaving.has(`prices/${name}`))}
            columns={columns}
            rowKey={({ name }) => name}
            tools={mayWrite && add}
            actions={mayWrite ? (price) => price.managedBy === null && <IconButton icon="trash" size="small" label={`${say('common.delete')}: ${price.name}`} onClick={() => remove(price.name)} /> : undefined}
            empty={
              <EmptyState icon="coins" title={say('costs.noPrices')} action={mayWrite && add}>
                {say('costs.noPricesHelp')}
              </EmptyState>
            }
          />
        )}
      </Loaded>
      {adding.value !== undefined && <NewPrice close={adding.close} />}
    </>
  );
}

function useRemoval(): (name: string) => void {
  const say = useText();
  const client = useQueryClient();
  return (name) =>
    deleteSoon({
      key: `prices/${name}`,
      text: say('common.deleted', { name }),
      undoText: say('common.undo'),
      commit: () => ask('DELETE /api/v1/prices/{name}', { params: { name } }).catch((thrown: unknown) => notifyProblem(toProblem(thrown))).finally(() => refresh(client, 'prices')),
    });
}

function useColumns(): readonly Column<Price>[] {
  const say = useText();
  return useMemo(
    () => [
      { id: 'name', text: say('common.name'), value: ({ name }) => name, cell: ({ name }) => <span className="font-medium">{name}</span> },
      { id: 'server', text: say('costs.groups.server'), value: ({ config }) => String(config['server'] ?? '*') },
      { id: 'tool', text: say('costs.groups.tool'), value: ({ config }) => String(config['tool'] ?? '*'), from: 'sm' },
      { id: 'perCall', text: say('costs.perCall'), isNumber: true, value: ({ config }) => Number(config['perCall'] ?? 0) },
      { id: 'perMillionTokens', text: say('costs.perMillionTokens'), isNumber: true, value: ({ config }) => Number(config['perMillionTokens'] ?? 0), from: 'md' },
      { id: 'perMegabyte', text: say('costs.perMegabyte'), isNumber: true, value: ({ config }) => Number(config['perMegabyte'] ?? 0), from: 'md' },
    ],
    [say],
  );
}

function NewPrice({ close }: { readonly close: () => void }) {
  const say = useText();
  const servers = useRead('GET /api/v1/servers').data?.items ?? [];
  const [name, setName] = useState('');
  const [server, setServer] = useState('');
  const [tool, setTool] = useState('');
  const [perCall, setPerCall] = useState('0');
  const [perMillion, setPerMillion] = useState('0');
  const [perMegabyte, setPerMegabyte] = useState('0');
  const create = useChange('POST /api/v1/prices', {
    refused: () => undefined,
    done: () => {
      notify(say('common.saved'));
      close();
    },
  });
  const submit = (): void => create.run({ body: { name, config: { ...(server.trim() !== '' && { server: server.trim() }), ...(tool.trim() !== '' && { tool: tool.trim() }), perCall: Number(perCall), perMillionTokens: Number(perMillion), perMegabyte: Number(perMegabyte) } } });
  return (
    <Dialog isOpen close={close} title={say('costs.addPrice')} description={say('costs.priceHelp')}>
      <Form problem={create.problem} submit={submit}>
        <TextField label={say('common.name')} help={say('common.nameHelp')} path="name" value={name} set={setName} autoFocus />
        <div className="grid gap-4 xs:grid-cols-2">
          <TextField label={say('costs.groups.server')} help={say('costs.serverHelp')} path="server" list="price-servers" value={server} set={setServer} />
          <TextField label={say('costs.groups.tool')} help={say('costs.toolHelp')} path="tool" value={tool} set={setTool} />
          <TextField label={say('costs.perCall')} type="number" min={0} step="any" path="perCall" value={perCall} set={setPerCall} />
          <TextField label={say('costs.perMillionTokens')} type="number" min={0} step="any" path="perMillionTokens" value={perMillion} set={setPerMillion} />
          <TextField label={say('costs.perMegabyte')} type="number" min={0} step="any" path="perMegabyte" value={perMegabyte} set={setPerMegabyte} />
        </div>
        <datalist id="price-servers">
          {servers.map((each) => (
            <option key={each.name} value={each.name} />
          ))}
        </datalist>
        <div className="flex justify-end gap-2">
          <Button onClick={close}>{say('common.cancel')}</Button>
          <Button type="submit" look="accent" isBusy={create.isRunning}>
            {say('common.save')}
          </Button>
        </div>
      </Form>
    </Dialog>
  );
}
