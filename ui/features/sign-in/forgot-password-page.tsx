import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useChange } from '../../api/queries.ts';
import { Button } from '../../components/button.tsx';
import { Form, TextField } from '../../components/form.tsx';
import { useText } from '../../texts/texts.ts';
import { Door } from './door.tsx';

export function ForgotPasswordPage() {
  const say = useText();
  const [email, setEmail] = useState('');
  const [isSent, setSent] = useState(false);
  const request = useChange('POST /api/v1/password-reset', { done: () => setSent(true), refused: () => undefined });
  return (
    <Door title={say('forgot.title')} lead={say('forgot.lead')}>
      {isSent ? (
        <p role="status">{say('forgot.sent')}</p>
      ) : (
        <Form problem={request.problem} submit={() => request.run({ body: { email } })}>
          <TextField label={say('signIn.email')} path="email" type="email" autoComplete="username" autoFocus required value={email} set={setEmail} />
          <Button type="submit" look="accent" isBusy={request.isRunning} disabled={email === ''}>
            {say('forgot.send')}
          </Button>
        </Form>
      )}
      <Link to="/sign-in" className="text-accent underline">
        {say('forgot.back')}
      </Link>
    </Door>
  );
}
