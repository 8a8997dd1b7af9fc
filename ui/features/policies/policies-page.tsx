import { Link, useNavigate } from '@tanstack/react-router';
import { type ReactNode, useMemo, useState } from 'react';
import { useMay } from '../../api/me.ts';
import type { AnswerOf } from '../../api/operations.ts';
import { useChange, useRead } from '../../api/queries.ts';
import { Badge } from '../../components/badge.tsx';
import { Button } from '../../components/button.tsx';
import { type Column, DataTable } from '../../components/data-table.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { ForeignText } from '../../components/foreign-text.tsx';
import { Form, SelectField, TextField } from '../../components/form.tsx';
import { useLeaving } from '../../components/notices.tsx';
import { Loaded, Page } from '../../components/page.tsx';
import { Tabs } from '../../components/tabs.tsx';
import { useUrlDialog } from '../../components/url-state.ts';
import { useText } from '../../texts/texts.ts';
import { ExplainTab } from './explain-tab.tsx';
import { ReplayTab } from './replay-tab.tsx';
import { ShadowTab } from './shadow-tab.tsx';

type Policy = AnswerOf<'GET /api/v1/policies'>['items'][number];

export function PoliciesPage() {
  const say = useText();
  const mayWrite = useMay('policy:write');
  const mayReplay = useMay('audit:read');
  const adding = useUrlDialog('add');
  const add = (
    <Button look="accent" icon="plus" onClick={() => adding.open()}>
      {say('policies.add')}
    </Button>
  );
  return (
    <Page title={say('policies.title')} lead={say('policies.lead')} actions={mayWrite && add}>
      <Tabs
        tabs={[
          { id: 'list', text: say('policies.title'), render: () => <List add={mayWrite && add} /> },
          { id: 'explain', text: say('policies.explain'), render: () => <ExplainTab /> },
          ...(mayReplay
            ? [
                { id: 'replay', text: say('policies.replay'), render: () => <ReplayTab drafts={{}} /> },
                { id: 'shadow', text: say('policies.shadow'), render: () => <ShadowTab /> },
              ]
            : []),
        ]}
      />
      {adding.value !== undefined && <NewPolicy close={adding.close} />}
    </Page>
  );
}

function List({ add }: { readonly add: ReactNode }) {
  const say = useText();
  const navigate = useNavigate();
  const leaving = useLeaving();
  const policies = useRead('GET /api/v1/policies');
  const columns = useColumns();
  return (
    <Loaded read={policies}>
      {({ items }) => (
        <DataTable
          label={say('policies.title')}
          rows={items.filter(({ name }) => !leaving.has(`policies/${name}`))}
          columns={columns}
          rowKey={({ name }) => name}
          open={({ name }) => void navigate({ to: '/policies/$name', params: { name } } as never)}
          empty={
            <EmptyState icon="shield" title={say('policies.empty')} action={add}>
              {say('policies.emptyHelp')}
            </EmptyState>
          }
        />
      )}
    </Loaded>
  );
}

function useColumns(): readonly Column<Policy>[] {
  const say = useText();
  return useMemo(
    () => [
      {
        id: 'name',
        text: say('common.name'),
        value: ({ name, config }) => `${name} ${String(config['description'] ?? '')}`,
        cell: ({ name, config }) => (
          <div className="min-w-32">
            <Link to="/policies/$name" params={{ name } as never} className="font-medium hover:underline">
              {name}
            </Link>
            <div className="max-w-[42vw] truncate text-soft sm:max-w-[28rem]">
              <ForeignText charsMax={200}>{String(config['description'] ?? '')}</ForeignText>
            </div>
          </div>
        ),
      },
      { id: 'mode', text: say('policies.mode'), value: ({ config }) => String(config['mode'] ?? 'enforce'), cell: ({ config }) => <Badge tone={config['mode'] === 'shadow' ? 'plain' : 'good'}>{say(`policies.modes.${config['mode'] === 'shadow' ? 'shadow' : 'enforce'}`)}</Badge> },
      { id: 'rules', text: say('policies.rules'), isNumber: true, from: 'sm', value: ({ config }) => (Array.isArray(config['rules']) ? config['rules'].length : 0) },
      { id: 'template', text: say('policies.template'), from: 'md', value: ({ config }) => (typeof config['use'] === 'string' ? config['use'] : '–') },
      { id: 'usedBy', text: say('policies.usedBy'), from: 'sm', value: ({ usedBy }) => usedBy.join(', '), cell: ({ usedBy }) => <span className="text-soft">{usedBy.length === 0 ? say('policies.unused') : usedBy.join(', ')}</span> },
    ],
    [say],
  );
}

/** What a policy begins with where no template was chosen. */
const FIRST = { description: '', mode: 'shadow', rules: [{ name: 'no-writes', effect: 'deny', reason: 'Only reading is allowed here.', what: { risks: ['write', 'destructive'] } }] };

function NewPolicy({ close }: { readonly close: () => void }) {
  const say = useText();
  const navigate = useNavigate();
  const templates = useRead('GET /api/v1/policy-templates').data?.items ?? [];
  const [name, setName] = useState('');
  const [use, setUse] = useState('');
  const create = useChange('POST /api/v1/policies', { refused: () => undefined, done: (policy) => void navigate({ to: '/policies/$name', params: { name: policy.name } } as never) });
  const template = templates.find((each) => each.name === use);
  return (
    <Dialog isOpen close={close} title={say('policies.add')} description={say('policies.addHelp')}>
      <Form problem={create.problem} submit={() => create.run({ body: { name, config: template === undefined ? FIRST : { mode: 'shadow', use, with: firstOf(template.parameters), rules: [] } } })}>
        <TextField label={say('common.name')} help={say('common.nameHelp')} path="name" value={name} set={setName} autoFocus />
        <SelectField label={say('policies.template')} help={template?.description ?? say('policies.noTemplateHelp')} value={use} set={setUse} options={[{ value: '', label: say('policies.noTemplate') }, ...templates.map((each) => ({ value: each.name, label: each.name }))]} />
        <div className="flex justify-end gap-2">
          <Button onClick={close}>{say('common.cancel')}</Button>
          <Button type="submit" look="accent" isBusy={create.isRunning}>
            {say('policies.add')}
          </Button>
        </div>
      </Form>
    </Dialog>
  );
}

/** A value for each parameter that has no default: of its type, to be filled in. */
function firstOf(schema: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const properties = (schema['properties'] ?? {}) as Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  const empty: Readonly<Record<string, unknown>> = { array: ['*'], string: '*', number: 1, integer: 1, boolean: true, object: {} };
  return Object.fromEntries(Object.entries(properties).flatMap(([name, property]) => (property['default'] === undefined ? [[name, empty[String(property['type'])] ?? '*']] : [])));
}
