import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import type { AnswerOf } from '../../api/operations.ts';
import { useChange, useRead } from '../../api/queries.ts';
import { Button } from '../../components/button.tsx';
import { Form, PasswordField, TextField } from '../../components/form.tsx';
import { Loaded } from '../../components/page.tsx';
import { useUrlValues } from '../../components/url-state.ts';
import { type TextKey, useText } from '../../texts/texts.ts';
import { Door } from './door.tsx';
import { safeNext, useEnter } from './enter.ts';
import { ProviderButton } from './provider-button.tsx';

/** What the identity provider's way back says in `?refused=`. */
const REFUSED: Readonly<Record<string, TextKey>> = {
  email_taken: 'signIn.refused.emailTaken',
  sign_up_closed: 'signIn.refused.signUpClosed',
  other_email: 'signIn.refused.otherEmail',
  disabled: 'signIn.refused.disabled',
  other_browser: 'signIn.refused.otherBrowser',
  flow_unknown: 'signIn.refused.flowUnknown',
};

type Options = AnswerOf<'GET /api/v1/sign-in'>;

export function SignInPage() {
  const say = useText();
  const options = useRead('GET /api/v1/sign-in');
  const { next } = useUrlValues();
  const isForClient = safeNext(next).startsWith('/oauth/');
  return (
    <Door title={say('signIn.title')} {...(isForClient && { lead: say('signIn.forClient') })}>
      <Loaded read={options} rows={3}>
        {(known) => <Ways options={known} />}
      </Loaded>
    </Door>
  );
}

function Ways({ options }: { readonly options: Options }) {
  const say = useText();
  const { next, through, refused } = useUrlValues();
  if (!options.hasOperator) {
    return (
      <div className="grid gap-2">
        <p>{say('signIn.noOperator')}</p>
        <p className="text-soft">{say('signIn.noOperatorHelp')}</p>
      </div>
    );
  }
  const isPasswordOffered = options.passwordSignIn && through !== 'oidc';
  return (
    <>
      {refused !== undefined && (
        <p role="alert" className="rounded-lg border border-bad/30 bg-bad-wash px-3.5 py-2.5">
          {say(REFUSED[refused] ?? 'signIn.refused.other')}
        </p>
      )}
      {isPasswordOffered && <PasswordWay options={options} />}
      {options.provider !== null && <ProviderButton next={safeNext(next)} isMain={!isPasswordOffered} />}
      {options.formSignUp && (
        <p className="text-soft">
          {say('signIn.newHere')}{' '}
          <Link to="/sign-up" search={true} className="text-accent underline">
            {say('signUp.title')}
          </Link>
        </p>
      )}
    </>
  );
}

function PasswordWay({ options }: { readonly options: Options }) {
  const say = useText();
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const enter = useEnter();
  const signIn = useChange('POST /api/v1/sign-in', { done: enter, refused: () => setPassword('') });
  return (
    <Form problem={signIn.problem} submit={() => signIn.run({ body: { email, password } })}>
      <TextField label={say('signIn.email')} path="email" type="email" autoComplete="username" autoFocus required value={email} set={setEmail} />
      <PasswordField
        label={say('signIn.password')}
        path="password"
        autoComplete="current-password"
        value={password}
        set={setPassword}
        help={
          options.resetByMail ? (
            <Link to="/forgot-password" className="text-accent underline">
              {say('signIn.forgot')}
            </Link>
          ) : (
            say('signIn.forgotAsk')
          )
        }
      />
      <Button type="submit" look="accent" isBusy={signIn.isRunning} disabled={email === '' || password === ''}>
        {say('signIn.title')}
      </Button>
    </Form>
  );
}
