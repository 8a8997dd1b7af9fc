/** Asks who sits there, when the API wants to know it again before something far-reaching. */
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { ask, connectApi } from '../api/ask.ts';
import type { Me } from '../api/me.ts';
import { useChange } from '../api/queries.ts';
import { Button } from '../components/button.tsx';
import { Dialog } from '../components/dialog.tsx';
import { Form, PasswordField } from '../components/form.tsx';
import { useText } from '../texts/texts.ts';
import { router } from './router.tsx';

const FORM = 'reauthentication';

export function Reauthentication() {
  const say = useText();
  const client = useQueryClient();
  const [isOpen, setOpen] = useState(false);
  const answer = useRef<(isConfirmed: boolean) => void>(undefined);
  const end = (isConfirmed: boolean): void => {
    setOpen(false);
    answer.current?.(isConfirmed);
    answer.current = undefined;
  };
  useEffect(() => {
    connectApi({
      confirm: () =>
        new Promise((resolve) => {
          answer.current?.(false);
          answer.current = resolve;
          setOpen(true);
        }),
      signedOut: () => {
        if (!router.state.location.pathname.startsWith('/sign-in')) client.removeQueries({ queryKey: ['GET /api/v1/me'] });
        void router.invalidate();
      },
    });
  }, [client]);
  const me = client.getQueryData<Me>(['GET /api/v1/me', {}]);
  const footer = (
    <>
      <Button onClick={() => end(false)}>{say('common.cancel')}</Button>
      {me?.user?.hasPassword === false ? (
        <Button look="accent" onClick={() => void toProvider()}>
          {say('reauth.atProvider')}
        </Button>
      ) : (
        <Button look="accent" type="submit" form={FORM}>
          {say('reauth.confirm')}
        </Button>
      )}
    </>
  );
  return (
    <Dialog isOpen={isOpen} close={() => end(false)} title={say('reauth.title')} description={say('reauth.lead')} width="narrow" footer={footer}>
      {me?.user?.hasPassword !== false && <PasswordForm done={() => end(true)} email={me?.user?.email ?? ''} />}
    </Dialog>
  );
}

function PasswordForm({ done, email }: { readonly done: () => void; readonly email: string }) {
  const say = useText();
  const [password, setPassword] = useState('');
  const change = useChange('POST /api/v1/me/reauthentication', { done, refused: () => setPassword('') });
  return (
    <Form id={FORM} problem={change.problem} submit={() => change.run({ body: { password } })}>
      <input type="text" autoComplete="username" value={email} readOnly hidden />
      <PasswordField label={say('signIn.password')} path="password" autoComplete="current-password" autoFocus value={password} set={setPassword} />
    </Form>
  );
}

/** People without a password prove it where they sign in; the page is loaded again afterwards. */
async function toProvider(): Promise<void> {
  const { location } = await ask('POST /api/v1/me/provider', { body: { purpose: 'reauthentication', returnTo: window.location.pathname + window.location.search } });
  window.location.assign(location);
}
