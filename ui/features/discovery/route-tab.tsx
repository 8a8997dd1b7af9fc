/** Capability groups of an endpoint: which there are, where a call of one would go and why, and which there could be. */
import { useState } from 'react';
import { useMay } from '../../api/me.ts';
import type { AnswerOf } from '../../api/operations.ts';
import { useChange, useRead } from '../../api/queries.ts';
import { Button, IconButton } from '../../components/button.tsx';
import { ForeignText } from '../../components/foreign-text.tsx';
import { notify } from '../../components/notices.tsx';
import { Loaded, Section } from '../../components/page.tsx';
import { useUrlDialog } from '../../components/url-state.ts';
import { useText } from '../../texts/texts.ts';
import { type Group, groupsOf } from './group-data.ts';
import { GroupPanel } from './group-panel.tsx';
import type { Endpoint } from './mode-form.tsx';
import { RouteForm } from './route-form.tsx';

type Namespace = AnswerOf<'GET /api/v1/namespaces/{name}'>;

const EMPTY: Group = { description: '', choose: 'priority', members: [], rules: [] };

export function RouteTab({ endpoint }: { readonly endpoint: Endpoint }) {
  const namespace = useRead('GET /api/v1/namespaces/{name}', { params: { name: endpoint.namespace } });
  return <Loaded read={namespace}>{(known) => <Parts endpoint={endpoint} namespace={known} />}</Loaded>;
}

function Parts({ endpoint, namespace }: { readonly endpoint: Endpoint; readonly namespace: Namespace }) {
  const say = useText();
  const mayWrite = useMay('namespace:write') && namespace.managedBy === null;
  const groups = groupsOf(namespace.config);
  const edited = useUrlDialog('group');
  const [draft, setDraft] = useState(EMPTY);
  const make = (group: Group): void => {
    setDraft(group);
    edited.open('+');
  };
  const name = edited.value !== undefined && groups.has(edited.value) ? edited.value : '';
  return (
    <div className="grid items-start gap-4 lg:grid-cols-2">
      <Section
        title={say('groups.title')}
        lead={say('groups.help')}
        actions={
          mayWrite && (
            <Button size="small" icon="plus" onClick={() => make(EMPTY)}>
              {say('groups.add')}
            </Button>
          )
        }
      >
        {groups.size === 0 ? <p className="text-soft">{say('groups.none')}</p> : <GroupList namespace={namespace} groups={groups} mayWrite={mayWrite} edit={(each) => edited.open(each)} />}
      </Section>
      <RouteForm key={[...groups.keys()].join(' ')} endpoint={endpoint.name} groups={[...groups.keys()]} />
      <Suggestions namespace={namespace.name} {...(mayWrite && { make: (tools: readonly string[]) => make({ ...EMPTY, members: tools.map((tool, priority) => ({ tool, priority })) }) })} />
      {mayWrite && edited.value !== undefined && (
        <GroupPanel key={edited.value} namespace={namespace} name={name} group={groups.get(name) ?? draft} others={[...groups.keys()].filter((each) => each !== name)} close={edited.close} />
      )}
    </div>
  );
}

interface GroupListProps {
  readonly namespace: Namespace;
  readonly groups: ReadonlyMap<string, Group>;
  readonly mayWrite: boolean;
  readonly edit: (name: string) => void;
}

function GroupList({ namespace, groups, mayWrite, edit }: GroupListProps) {
  const say = useText();
  const change = useChange('PATCH /api/v1/namespaces/{name}', { done: () => notify(say('common.saved')) });
  const remove = (name: string): void => change.run({ params: { name: namespace.name }, body: { config: { groups: { [name]: null } } }, ifVersion: namespace.version });
  return (
    <ul aria-label={say('groups.title')} className="grid gap-2">
      {[...groups].map(([name, { choose, members, rules }]) => (
        <li key={name} className="flex items-start gap-2 rounded-md border border-line px-3 py-2">
          <div className="min-w-0 flex-1">
            <ForeignText className="font-mono font-medium">{name}</ForeignText>
            <p className="text-soft">
              {say(`groups.choices.${choose}`)} · {say('groups.ruleCount', { count: rules.length })}
            </p>
            <ForeignText isBlock className="text-soft">
              {members.map(({ tool }) => tool).join(', ')}
            </ForeignText>
          </div>
          {mayWrite && (
            <span className="flex">
              <IconButton size="small" icon="edit" label={say('groups.edit', { name })} onClick={() => edit(name)} />
              <IconButton size="small" icon="trash" label={say('groups.remove', { name })} isBusy={change.isRunning} onClick={() => remove(name)} />
            </span>
          )}
        </li>
      ))}
    </ul>
  );
}

function Suggestions({ namespace, make }: { readonly namespace: string; readonly make?: (tools: readonly string[]) => void }) {
  const say = useText();
  const suggestions = useRead('GET /api/v1/namespaces/{name}/group-suggestions', { params: { name: namespace } });
  return (
    <Section title={say('discovery.suggestions')} lead={say('discovery.suggestionsHelp')}>
      <Loaded read={suggestions}>
        {({ items }) =>
          items.length === 0 ? (
            <p className="text-soft">{say('discovery.noSuggestions')}</p>
          ) : (
            <ul className="grid gap-3">
              {items.map(({ tools, reason }) => (
                <li key={tools.join(' ')} className="flex items-start gap-2">
                  <div className="min-w-0 flex-1">
                    <ForeignText className="font-medium">{tools.join(', ')}</ForeignText>
                    <ForeignText className="block text-soft">{reason}</ForeignText>
                  </div>
                  {make !== undefined && (
                    <Button size="small" onClick={() => make(tools)}>
                      {say('groups.makeOf')}
                    </Button>
                  )}
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
    </Section>
  );
}
