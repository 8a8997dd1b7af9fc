/** Which servers a namespace has, under which names, in the order that decides collisions. */
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useChange, useRead } from '../../api/queries.ts';
import { Badge } from '../../components/badge.tsx';
import { Button, IconButton } from '../../components/button.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { SelectField } from '../../components/form.tsx';
import { Section } from '../../components/page.tsx';
import { useText } from '../../texts/texts.ts';
import { type Catalog, type Member, membersOf, type Namespace, toConfigMembers } from './namespace-data.ts';

interface MembersTabProps {
  readonly namespace: Namespace;
  readonly catalog: Catalog;
  readonly mayWrite: boolean;
}

export function MembersTab({ namespace, catalog, mayWrite }: MembersTabProps) {
  const say = useText();
  const members = membersOf(namespace);
  const change = useChange('PATCH /api/v1/namespaces/{name}');
  const set = (next: readonly Member[]): void => change.run({ params: { name: namespace.name }, body: { config: { servers: toConfigMembers(next) } }, ifVersion: namespace.version });
  return (
    <Section title={say('nav.servers')} lead={say('namespaces.membersHelp')}>
      {members.length === 0 && <EmptyState icon="server" title={say('namespaces.noServers')} />}
      <ol className="grid gap-1.5">
        {members.map((member, index) => (
          <li key={member.as} className="flex items-center gap-3 rounded-md border border-line px-3 py-1.5">
            <span className="w-5 text-right text-soft tabular-nums">{index + 1}</span>
            <Link to="/servers/$name" params={{ name: member.server } as never} className="font-medium hover:underline">
              {member.server}
            </Link>
            {member.as !== member.server && <Badge title={say('namespaces.asHelp')}>{say('namespaces.as', { name: member.as })}</Badge>}
            {catalog.silent.includes(member.as) && <Badge tone="warn">{say('namespaces.silent')}</Badge>}
            <span className="ml-auto text-soft">{say('namespaces.toolCount', { count: catalog.items.filter(({ as, kind }) => as === member.as && kind === 'tool').length })}</span>
            {mayWrite && (
              <span className="flex">
                <IconButton size="small" icon="up" label={say('namespaces.up', { name: member.as })} disabled={index === 0 || change.isRunning} onClick={() => set(swapped(members, index - 1))} />
                <IconButton size="small" icon="down" label={say('namespaces.down', { name: member.as })} disabled={index === members.length - 1 || change.isRunning} onClick={() => set(swapped(members, index))} />
                <IconButton size="small" icon="close" label={say('namespaces.remove', { name: member.as })} disabled={change.isRunning} onClick={() => set(members.filter((each) => each !== member))} />
              </span>
            )}
          </li>
        ))}
      </ol>
      {mayWrite && <AddMember members={members} add={(member) => set([...members, member])} isBusy={change.isRunning} />}
    </Section>
  );
}

function swapped(members: readonly Member[], at: number): readonly Member[] {
  const [one, other] = [members[at], members[at + 1]];
  return one === undefined || other === undefined ? members : members.with(at, other).with(at + 1, one);
}

interface AddMemberProps {
  readonly members: readonly Member[];
  readonly add: (member: Member) => void;
  readonly isBusy: boolean;
}

function AddMember({ members, add, isBusy }: AddMemberProps) {
  const say = useText();
  const [chosen, choose] = useState('');
  const servers = useRead('GET /api/v1/servers').data?.items ?? [];
  const left = servers.map(({ name }) => name).filter((name) => !members.some(({ server }) => server === name));
  const name = left.includes(chosen) ? chosen : left[0];
  if (name === undefined) return null;
  return (
    <div className="mt-4 flex max-w-md items-end gap-2">
      <div className="flex-1">
        <SelectField label={say('namespaces.addServer')} value={name} set={choose} options={left.map((value) => ({ value, label: value }))} />
      </div>
      <Button icon="plus" isBusy={isBusy} onClick={() => add({ server: name, as: name })}>
        {say('common.add')}
      </Button>
    </div>
  );
}
