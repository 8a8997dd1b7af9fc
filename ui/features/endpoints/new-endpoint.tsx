import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useChange, useRead } from '../../api/queries.ts';
import { Button } from '../../components/button.tsx';
import { SidePanel } from '../../components/dialog.tsx';
import { Form, SelectField, SwitchField, TextField } from '../../components/form.tsx';
import { useText } from '../../texts/texts.ts';

const FORM = 'new-endpoint';

export function NewEndpoint({ isOpen, close }: { readonly isOpen: boolean; readonly close: () => void }) {
  const say = useText();
  const navigate = useNavigate();
  const [name, setName] = useState('');
  const [chosen, choose] = useState('');
  const [hasKey, setKey] = useState(true);
  const [hasOAuth, setOAuth] = useState(false);
  const namespaces = useRead('GET /api/v1/namespaces', {}, { enabled: isOpen }).data?.items ?? [];
  const namespace = chosen === '' ? (namespaces[0]?.name ?? '') : chosen;
  const create = useChange('POST /api/v1/endpoints', { done: (made) => void navigate({ to: '/endpoints/$name', params: { name: made.name } } as never), refused: () => undefined });
  const submit = (): void => create.run({ body: { name, config: { namespace, auth: { apiKey: hasKey, oauth: hasOAuth } } } });
  const footer = (
    <>
      <Button onClick={close}>{say('common.cancel')}</Button>
      <Button look="accent" type="submit" form={FORM} isBusy={create.isRunning} disabled={name === '' || namespace === ''}>
        {say('endpoints.add')}
      </Button>
    </>
  );
  return (
    <SidePanel isOpen={isOpen} close={close} title={say('endpoints.add')} description={say('endpoints.lead')} footer={footer}>
      <Form id={FORM} problem={create.problem} submit={submit}>
        <TextField label={say('common.name')} help={say('endpoints.nameHelp', { url: `${window.location.origin}/metamcp/${name === '' ? '…' : name}/mcp` })} path="name" autoFocus required value={name} set={setName} />
        <SelectField label={say('endpoints.namespace')} path="namespace" value={namespace} set={choose} options={namespaces.map((each) => ({ value: each.name, label: each.name }))} />
        <SwitchField label={say('endpoints.key')} help={say('endpoints.keyHelp')} isOn={hasKey} set={setKey} />
        <SwitchField label={say('endpoints.oauth')} help={say('endpoints.oauthHelp')} isOn={hasOAuth} set={setOAuth} />
        {!hasKey && !hasOAuth && <p className="rounded-lg bg-warn-wash px-4 py-2.5 text-warn">{say('endpoints.openHelp')}</p>}
      </Form>
    </SidePanel>
  );
}
