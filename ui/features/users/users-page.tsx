import { useMay } from '../../api/me.ts';
import { useChange, useRead } from '../../api/queries.ts';
import { Button } from '../../components/button.tsx';
import { SwitchField } from '../../components/form.tsx';
import { notify } from '../../components/notices.tsx';
import { Loaded, Page, Section } from '../../components/page.tsx';
import { Tabs } from '../../components/tabs.tsx';
import { useUrlDialog } from '../../components/url-state.ts';
import { useText } from '../../texts/texts.ts';
import { InvitationsTab } from './invitations-tab.tsx';
import { Invite } from './invite.tsx';
import { UsersTab } from './users-tab.tsx';

export function UsersPage() {
  const say = useText();
  const inviting = useUrlDialog('invite');
  const mayWrite = useMay('user:write');
  const maySettings = useMay('settings:read');
  const users = useRead('GET /api/v1/users', { query: { limit: 500 } });
  const invitations = useRead('GET /api/v1/invitations');
  const invite = mayWrite && (
    <Button look="accent" icon="plus" onClick={() => inviting.open()}>
      {say('users.invite')}
    </Button>
  );
  return (
    <Page title={say('users.title')} lead={say('users.lead')} actions={invite}>
      <Tabs
        tabs={[
          { id: 'users', text: say('users.title'), count: users.data?.items.length, render: () => <Loaded read={users}>{({ items }) => <UsersTab users={items} mayWrite={mayWrite} />}</Loaded> },
          { id: 'invitations', text: say('users.invitations'), count: invitations.data?.items.length, render: () => <Loaded read={invitations}>{({ items }) => <InvitationsTab invitations={items} invite={invite} mayWrite={mayWrite} />}</Loaded> },
          ...(maySettings ? [{ id: 'ways', text: say('users.ways'), render: () => <Ways /> }] : []),
        ]}
      />
      <Invite isOpen={inviting.value !== undefined} close={inviting.close} />
    </Page>
  );
}

/** How people may come in. */
function Ways() {
  const say = useText();
  const mayWrite = useMay('settings:write');
  const ways = useRead('GET /api/v1/settings/registration');
  const change = useChange('PUT /api/v1/settings/registration', {
    done: () => notify(say('common.saved')),
    expect: (client, { body }) => client.setQueryData(['GET /api/v1/settings/registration', {}], body),
  });
  return (
    <Loaded read={ways} rows={3}>
      {(now) => (
        <Section title={say('users.ways')} lead={say('users.waysHelp')}>
          <div className="grid gap-4">
            <SwitchField label={say('users.way.password')} help={say('users.way.passwordHelp')} isOn={now.passwordSignIn} disabled={!mayWrite} set={(passwordSignIn) => change.run({ body: { ...now, passwordSignIn } })} />
            <SwitchField label={say('users.way.form')} help={say('users.way.formHelp')} isOn={now.formSignUp} disabled={!mayWrite} set={(formSignUp) => change.run({ body: { ...now, formSignUp } })} />
            <SwitchField label={say('users.way.sso')} help={say('users.way.ssoHelp')} isOn={now.ssoSignUp} disabled={!mayWrite} set={(ssoSignUp) => change.run({ body: { ...now, ssoSignUp } })} />
          </div>
        </Section>
      )}
    </Loaded>
  );
}
