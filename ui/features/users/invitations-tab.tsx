import { type ReactNode, useMemo } from 'react';
import type { AnswerOf } from '../../api/operations.ts';
import { useChange } from '../../api/queries.ts';
import { IconButton } from '../../components/button.tsx';
import { type Column, DataTable } from '../../components/data-table.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { ForeignText } from '../../components/foreign-text.tsx';
import { notify } from '../../components/notices.tsx';
import { When } from '../../components/when.tsx';
import { useText } from '../../texts/texts.ts';

type Invitation = AnswerOf<'GET /api/v1/invitations'>['items'][number];

interface InvitationsTabProps {
  readonly invitations: readonly Invitation[];
  readonly invite: ReactNode;
  readonly mayWrite: boolean;
}

export function InvitationsTab({ invitations, invite, mayWrite }: InvitationsTabProps) {
  const say = useText();
  const remove = useChange('DELETE /api/v1/invitations/{id}', { done: () => notify(say('users.takenBack')) });
  const columns = useMemo<readonly Column<Invitation>[]>(
    () => [
      { id: 'email', text: say('users.for'), value: ({ email }) => email ?? '', cell: ({ email }) => (email === null ? <span className="text-soft">{say('users.anyone')}</span> : <ForeignText>{email}</ForeignText>) },
      { id: 'role', text: say('users.role'), value: ({ role }) => role, cell: ({ role }) => say(`role.${role}`) },
      { id: 'created', text: say('users.made'), value: ({ createdAt }) => createdAt, from: 'sm', cell: ({ createdAt }) => <When iso={createdAt} /> },
      { id: 'expires', text: say('users.expires'), value: ({ expiresAt }) => expiresAt, cell: ({ expiresAt }) => <When iso={expiresAt} /> },
    ],
    [say],
  );
  return (
    <DataTable
      label={say('users.invitations')}
      prefix="invitation-"
      rows={invitations}
      columns={columns}
      rowKey={({ id }) => id}
      actions={mayWrite ? ({ id, email }) => <IconButton icon="trash" label={say('users.takeBack', { email: email ?? '' })} onClick={() => remove.run({ params: { id } })} /> : undefined}
      empty={<EmptyState icon="users" title={say('users.noInvitations')} action={invite} />}
    />
  );
}
