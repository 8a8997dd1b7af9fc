import { useState } from 'react';
import { type Me, useMe } from '../../api/me.ts';
import { useChange, useRead } from '../../api/queries.ts';
import { Badge } from '../../components/badge.tsx';
import { Button } from '../../components/button.tsx';
import { ForeignText } from '../../components/foreign-text.tsx';
import { Form, PasswordField, TextField } from '../../components/form.tsx';
import { notify } from '../../components/notices.tsx';
import { Facts, Loaded, Page, Section } from '../../components/page.tsx';
import { When } from '../../components/when.tsx';
import { useText } from '../../texts/texts.ts';

export function AccountPage() {
  const say = useText();
  const me = useMe();
  if (me === undefined) return null;
  return (
    <Page title={say('nav.account')} lead={say('account.lead')}>
      {me.user === null ? (
        <p className="panel p-4">{say('account.token')}</p>
      ) : (
        <div className="grid items-start gap-4 lg:grid-cols-2">
          <Profile user={me.user} />
          {me.user.hasPassword && <Password />}
          <SignIns />
          <Consents />
          <Providers me={me} />
        </div>
      )}
    </Page>
  );
}

function Profile({ user }: { readonly user: NonNullable<Me['user']> }) {
  const say = useText();
  const [name, setName] = useState(user.name);
  const change = useChange('PATCH /api/v1/me', { done: () => notify(say('common.saved')), refused: () => undefined });
  return (
    <Section title={say('account.profile')}>
      <Form problem={change.problem} submit={() => change.run({ body: { name } })}>
        <TextField label={say('common.name')} path="name" autoComplete="name" value={name} set={setName} />
        <Facts
          facts={[
            [say('signIn.email'), user.email ?? '–'],
            [say('users.role'), say(`role.${user.role}`)],
            [say('users.since'), <When key="since" iso={user.createdAt} />],
          ]}
        />
        <div>
          <Button type="submit" look="accent" isBusy={change.isRunning} disabled={name === user.name || name === ''}>
            {say('common.save')}
          </Button>
        </div>
      </Form>
    </Section>
  );
}

function Password() {
  const say = useText();
  const [password, setPassword] = useState('');
  const [newPassword, setNewPassword] = useState('');
  const change = useChange('POST /api/v1/me/password', {
    done: () => {
      notify(say('account.passwordSet'));
      setPassword('');
      setNewPassword('');
    },
    refused: () => undefined,
  });
  return (
    <Section title={say('signIn.password')} lead={say('account.passwordHelp')}>
      <Form problem={change.problem} submit={() => change.run({ body: { password, newPassword } })}>
        <PasswordField label={say('account.present')} path="password" autoComplete="current-password" value={password} set={setPassword} />
        <PasswordField label={say('link.newPassword')} path="newPassword" autoComplete="new-password" value={newPassword} set={setNewPassword} help={say('signUp.passwordHelp')} />
        <div>
          <Button type="submit" look="accent" isBusy={change.isRunning} disabled={password === '' || newPassword === ''}>
            {say('link.setPassword')}
          </Button>
        </div>
      </Form>
    </Section>
  );
}

function SignIns() {
  const say = useText();
  const signIns = useRead('GET /api/v1/me/sign-ins');
  const end = useChange('DELETE /api/v1/me/sign-ins/{id}');
  const endOthers = useChange('DELETE /api/v1/me/sign-ins', { done: ({ ended }) => notify(say('users.signInsEnded', { count: ended })) });
  const actions = (
    <Button size="small" onClick={() => endOthers.run({})} isBusy={endOthers.isRunning}>
      {say('account.endOthers')}
    </Button>
  );
  return (
    <Section title={say('account.signIns')} actions={actions}>
      <Loaded read={signIns} rows={2}>
        {({ items }) => (
          <ul className="grid gap-3">
            {items.map((signIn) => (
              <li key={signIn.id} className="flex items-center justify-between gap-3">
                <div className="min-w-0">
                  <p className="flex flex-wrap items-center gap-2 font-medium">
                    {signIn.address}
                    {signIn.isThisOne && <Badge tone="accent">{say('account.thisOne')}</Badge>}
                  </p>
                  <p className="truncate text-soft" title={signIn.browser}>
                    <When iso={signIn.lastSeenAt} /> · <ForeignText charsMax={120}>{signIn.browser}</ForeignText>
                  </p>
                </div>
                {!signIn.isThisOne && (
                  <Button size="small" onClick={() => end.run({ params: { id: signIn.id } })}>
                    {say('account.end')}
                  </Button>
                )}
              </li>
            ))}
          </ul>
        )}
      </Loaded>
    </Section>
  );
}

function Consents() {
  const say = useText();
  const consents = useRead('GET /api/v1/consents', { query: { user: 'me' } });
  const withdraw = useChange('DELETE /api/v1/consents/{id}', { done: () => notify(say('account.withdrawn')) });
  return (
    <Section title={say('account.consents')} lead={say('account.consentsHelp')}>
      <Loaded read={consents} rows={2}>
        {({ items }) =>
          items.length === 0 ? (
            <p className="text-soft">{say('account.noConsents')}</p>
          ) : (
            <ul className="grid gap-3">
              {items.map(({ id, client, resources, expiresAt }) => (
                <li key={id} className="flex items-center justify-between gap-3">
                  <div className="min-w-0">
                    <ForeignText className="font-medium">{client.name}</ForeignText>
                    <p className="truncate text-soft">
                      {resources.join(', ')} · {say('account.until')} <When iso={expiresAt} />
                    </p>
                  </div>
                  <Button size="small" onClick={() => withdraw.run({ params: { id } })}>
                    {say('account.withdraw')}
                  </Button>
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
    </Section>
  );
}

/** Logins of an identity provider that lead to this account. */
function Providers({ me }: { readonly me: Me }) {
  const say = useText();
  const options = useRead('GET /api/v1/sign-in').data;
  const link = useChange('POST /api/v1/me/provider', { done: ({ location }) => window.location.assign(location) });
  if (options?.provider === undefined || options.provider === null) return null;
  return (
    <Section title={say('account.providers')}>
      {me.providers.map(({ issuer, groups }) => (
        <p key={issuer} className="mb-2">
          <ForeignText className="font-medium">{issuer}</ForeignText> <ForeignText className="text-soft">{groups.join(', ')}</ForeignText>
        </p>
      ))}
      <Button icon="link" onClick={() => link.run({ body: { purpose: 'link', returnTo: '/account' } })}>
        {say('account.link')}
      </Button>
    </Section>
  );
}
