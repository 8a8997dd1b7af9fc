import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useChange } from '../../api/queries.ts';
import { Button } from '../../components/button.tsx';
import { Form, PasswordField, TextField } from '../../components/form.tsx';
import { useText } from '../../texts/texts.ts';
import { Door } from './door.tsx';
import { useEnter } from './enter.ts';

export function SignUpPage() {
  const say = useText();
  const [email, setEmail] = useState('');
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const enter = useEnter();
  const signUp = useChange('POST /api/v1/sign-up', { done: enter, refused: () => undefined });
  return (
    <Door title={say('signUp.title')}>
      <Form problem={signUp.problem} submit={() => signUp.run({ body: { email, name, password } })}>
        <TextField label={say('signIn.email')} path="email" type="email" autoComplete="username" autoFocus required value={email} set={setEmail} />
        <TextField label={say('signUp.name')} path="name" autoComplete="name" required value={name} set={setName} />
        <PasswordField label={say('signIn.password')} path="password" autoComplete="new-password" value={password} set={setPassword} help={say('signUp.passwordHelp')} />
        <Button type="submit" look="accent" isBusy={signUp.isRunning} disabled={email === '' || name === '' || password === ''}>
          {say('signUp.title')}
        </Button>
      </Form>
      <Link to="/sign-in" search={true} className="text-accent underline">
        {say('signUp.haveAccount')}
      </Link>
    </Door>
  );
}
