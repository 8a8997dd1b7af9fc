/** A one-time link: the first operator, an invitation, a new password. Its token stands behind the #, which no server sees. */
import { useLocation } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import type { AnswerOf } from '../../api/operations.ts';
import { useChange, useRead } from '../../api/queries.ts';
import { Button } from '../../components/button.tsx';
import { Form, PasswordField, TextField } from '../../components/form.tsx';
import { ProblemNotice } from '../../components/problem-notice.tsx';
import { Skeleton } from '../../components/page.tsx';
import { useText } from '../../texts/texts.ts';
import { Door } from './door.tsx';
import { useEnter } from './enter.ts';
import { ProviderButton } from './provider-button.tsx';

type Inspected = AnswerOf<'POST /api/v1/links/inspect'>;

export function LinkPage() {
  const say = useText();
  const { hash } = useLocation();
  const [token] = useState(hash);
  const [link, setLink] = useState<Inspected>();
  const inspect = useChange('POST /api/v1/links/inspect', { done: setLink, refused: () => undefined });
  const { run } = inspect;
  useEffect(() => {
    if (token === '') return;
    run({ body: { token } });
    // It works once and opens a door: neither the history nor a glance at the address bar should keep it.
    window.history.replaceState(null, '', window.location.pathname);
  }, [run, token]);
  if (token === '') {
    return (
      <Door title={say('link.incomplete')}>
        <p className="text-soft">{say('link.incompleteHelp')}</p>
      </Door>
    );
  }
  return (
    <Door title={link === undefined ? say('link.title') : say(`link.purpose.${link.purpose}`)} {...(link !== undefined && { lead: say(`link.lead.${link.purpose}`) })}>
      {inspect.problem !== undefined && (
        <>
          <ProblemNotice problem={inspect.problem} />
          <p className="text-soft">{say('link.refusedHelp')}</p>
        </>
      )}
      {link === undefined && inspect.problem === undefined && <Skeleton rows={3} />}
      {link !== undefined && <Redeem token={token} link={link} />}
    </Door>
  );
}

function Redeem({ token, link }: { readonly token: string; readonly link: Inspected }) {
  const say = useText();
  const [email, setEmail] = useState(link.email ?? '');
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const options = useRead('GET /api/v1/sign-in').data;
  const enter = useEnter();
  const redeem = useChange('POST /api/v1/links/redeem', { done: enter, refused: () => undefined });
  const isNew = link.purpose !== 'password_reset';
  const submit = (): void => redeem.run({ body: { token, password, ...(isNew && email !== '' && { email }), ...(isNew && name !== '' && { name }) } });
  return (
    <>
      <Form problem={redeem.problem} submit={submit}>
        {isNew && <TextField label={say('signIn.email')} path="email" type="email" autoComplete="username" autoFocus required readOnly={link.email !== null} value={email} set={setEmail} />}
        {isNew && <TextField label={say('link.name')} path="name" autoComplete="name" value={name} set={setName} />}
        <PasswordField label={say(isNew ? 'signIn.password' : 'link.newPassword')} path="password" autoComplete="new-password" value={password} set={setPassword} help={say('signUp.passwordHelp')} />
        <Button type="submit" look="accent" isBusy={redeem.isRunning} disabled={password === '' || (isNew && email === '')}>
          {say(isNew ? 'link.create' : 'link.setPassword')}
        </Button>
      </Form>
      {link.purpose === 'invitation' && options?.provider !== undefined && options.provider !== null && <ProviderButton next="/" link={token} />}
    </>
  );
}
