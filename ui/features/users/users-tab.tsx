import { useMemo, useState } from 'react';
import { useMe } from '../../api/me.ts';
import type { AnswerOf } from '../../api/operations.ts';
import { useChange } from '../../api/queries.ts';
import { Badge } from '../../components/badge.tsx';
import { Button, IconButton } from '../../components/button.tsx';
import { CodeBlock } from '../../components/code.tsx';
import { ConfirmDialog } from '../../components/confirm-dialog.tsx';
import { type Column, DataTable, type Filter } from '../../components/data-table.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { ForeignText } from '../../components/foreign-text.tsx';
import { Menu } from '../../components/menu.tsx';
import { notify } from '../../components/notices.tsx';
import { When } from '../../components/when.tsx';
import { useText } from '../../texts/texts.ts';

export type User = AnswerOf<'GET /api/v1/users'>['items'][number];

export const ROLES = ['operator', 'admin', 'member', 'auditor'] as const satisfies readonly User['role'][];

export function UsersTab({ users, mayWrite }: { readonly users: readonly User[]; readonly mayWrite: boolean }) {
  const say = useText();
  const [link, setLink] = useState<string>();
  const columns = useColumns(mayWrite);
  const filters = useMemo<readonly Filter<User>[]>(() => [{ id: 'role', text: say('users.role'), options: ROLES.map((value) => ({ value, text: say(`role.${value}`) })), matches: ({ role }, value) => role === value }], [say]);
  return (
    <>
      <DataTable label={say('users.title')} rows={users} columns={columns} filters={filters} rowKey={({ id }) => id} actions={mayWrite ? (user) => <UserMenu user={user} showLink={setLink} /> : undefined} />
      <Dialog isOpen={link !== undefined} close={() => setLink(undefined)} title={say('users.resetTitle')} description={say('users.linkOnce')} footer={<Button onClick={() => setLink(undefined)}>{say('common.close')}</Button>}>
        <CodeBlock text={link ?? ''} label={say('users.resetTitle')} />
      </Dialog>
    </>
  );
}

function useColumns(mayWrite: boolean): readonly Column<User>[] {
  const say = useText();
  const me = useMe()?.user?.id;
  const change = useChange('PATCH /api/v1/users/{id}', { done: () => notify(say('common.saved')) });
  const { run } = change;
  return useMemo(
    () => [
      {
        id: 'name',
        text: say('common.name'),
        value: ({ name, email }) => `${name} ${email ?? ''}`,
        cell: ({ id, name, email }) => (
          <div className="min-w-32">
            <span className="flex flex-wrap items-center gap-2 font-medium">
              <ForeignText>{name}</ForeignText>
              {id === me && <Badge tone="accent">{say('users.you')}</Badge>}
            </span>
            <ForeignText className="text-soft">{email}</ForeignText>
          </div>
        ),
      },
      {
        id: 'role',
        text: say('users.role'),
        value: ({ role }) => role,
        cell: ({ id, name, role }) =>
          mayWrite && id !== me ? (
            <select aria-label={say('users.roleOf', { name })} className="field w-auto" value={role} onChange={(event) => run({ params: { id }, body: { role: event.target.value as User['role'] } })}>
              {ROLES.map((each) => (
                <option key={each} value={each}>
                  {say(`role.${each}`)}
                </option>
              ))}
            </select>
          ) : (
            say(`role.${role}`)
          ),
      },
      { id: 'state', text: say('users.state'), value: ({ isDisabled }) => (isDisabled ? 1 : 0), from: 'sm', cell: ({ isDisabled }) => (isDisabled ? <Badge tone="warn">{say('users.off')}</Badge> : <Badge tone="good">{say('users.on')}</Badge>) },
      { id: 'lastSignIn', text: say('users.lastSignIn'), value: ({ lastSignInAt }) => lastSignInAt, from: 'md', cell: ({ lastSignInAt }) => <When iso={lastSignInAt} /> },
      { id: 'created', text: say('users.since'), value: ({ createdAt }) => createdAt, from: 'lg', cell: ({ createdAt }) => <When iso={createdAt} /> },
    ],
    [say, me, mayWrite, run],
  );
}

function UserMenu({ user, showLink }: { readonly user: User; readonly showLink: (link: string) => void }) {
  const say = useText();
  const isMe = useMe()?.user?.id === user.id;
  const [isAsked, ask] = useState(false);
  const params = { id: user.id };
  const change = useChange('PATCH /api/v1/users/{id}', { done: () => notify(say('common.saved')) });
  const end = useChange('DELETE /api/v1/users/{id}/sign-ins', { done: ({ ended }) => notify(say('users.signInsEnded', { count: ended })) });
  const reset = useChange('POST /api/v1/users/{id}/reset-link', { done: ({ link }) => showLink(link) });
  const remove = useChange('DELETE /api/v1/users/{id}', {
    done: () => {
      notify(say('common.deleted', { name: user.name }));
      ask(false);
    },
    refused: () => undefined,
  });
  return (
    <>
      <Menu
        trigger={<IconButton icon="more" label={say('common.actionsOf', { name: user.name })} />}
        items={[
          { text: say('users.resetLink'), icon: 'link', onSelect: () => reset.run({ params }) },
          { text: say('users.endSignIns'), icon: 'leave', onSelect: () => end.run({ params }) },
          { text: say(user.isDisabled ? 'users.turnOn' : 'users.turnOff'), icon: 'power', onSelect: () => change.run({ params, body: { isDisabled: !user.isDisabled } }), isDisabled: isMe },
          'line',
          { text: say('common.delete'), icon: 'trash', onSelect: () => ask(true), isDanger: true, isDisabled: isMe },
        ]}
      />
      <ConfirmDialog isOpen={isAsked} close={() => ask(false)} title={say('users.deleteTitle', { name: user.name })} text={say('common.delete')} isDanger isBusy={remove.isRunning} problem={remove.problem} confirm={() => remove.run({ params, query: {} })}>
        {say('users.deleteHelp')}
      </ConfirmDialog>
    </>
  );
}
