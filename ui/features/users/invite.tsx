import { useState } from 'react';
import type { AnswerOf } from '../../api/operations.ts';
import { useChange } from '../../api/queries.ts';
import { Button } from '../../components/button.tsx';
import { CodeBlock } from '../../components/code.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { Form, SelectField, TextField } from '../../components/form.tsx';
import { useText } from '../../texts/texts.ts';
import { ROLES, type User } from './users-tab.tsx';

const FORM = 'invite';
const HOURS = ['24', '168', '720'] as const;

type Made = AnswerOf<'POST /api/v1/invitations'>;

export function Invite({ isOpen, close }: { readonly isOpen: boolean; readonly close: () => void }) {
  const say = useText();
  const [made, setMade] = useState<Made>();
  const end = (): void => {
    setMade(undefined);
    close();
  };
  const footer =
    made === undefined ? (
      <>
        <Button onClick={end}>{say('common.cancel')}</Button>
        <Button look="accent" type="submit" form={FORM}>
          {say('users.invite')}
        </Button>
      </>
    ) : (
      <Button look="accent" onClick={end}>
        {say('common.close')}
      </Button>
    );
  return (
    <Dialog isOpen={isOpen} close={end} title={say('users.invite')} footer={footer}>
      {made === undefined ? (
        <Fields made={setMade} />
      ) : (
        <div className="grid gap-3">
          <p role="status">{say(made.isMailed ? 'users.mailed' : 'users.linkOnce')}</p>
          <CodeBlock text={made.link} label={say('users.invitations')} />
        </div>
      )}
    </Dialog>
  );
}

function Fields({ made }: { readonly made: (invitation: Made) => void }) {
  const say = useText();
  const [role, setRole] = useState<string>('member');
  const [email, setEmail] = useState('');
  const [hours, setHours] = useState<string>('168');
  const create = useChange('POST /api/v1/invitations', { done: made, refused: () => undefined });
  return (
    <Form id={FORM} problem={create.problem} submit={() => create.run({ body: { role: role as User['role'], email: email === '' ? null : email, hours: Number(hours) } })}>
      <SelectField label={say('users.role')} help={say(`users.roleHelp.${role as User['role']}`)} path="role" value={role} set={setRole} options={ROLES.map((value) => ({ value, label: say(`role.${value}`) }))} />
      <TextField label={say('users.emailOptional')} help={say('users.emailHelp')} path="email" type="email" value={email} set={setEmail} />
      <SelectField label={say('users.valid')} path="hours" value={hours} set={setHours} options={HOURS.map((value) => ({ value, label: say(`users.hours.${value}`) }))} />
    </Form>
  );
}
