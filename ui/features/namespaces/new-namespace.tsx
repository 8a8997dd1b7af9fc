import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useChange, useRead } from '../../api/queries.ts';
import { Button } from '../../components/button.tsx';
import { CheckList } from '../../components/check-list.tsx';
import { SidePanel } from '../../components/dialog.tsx';
import { Form, TextField } from '../../components/form.tsx';
import { useText } from '../../texts/texts.ts';

const FORM = 'new-namespace';

export function NewNamespace({ isOpen, close }: { readonly isOpen: boolean; readonly close: () => void }) {
  const say = useText();
  const navigate = useNavigate();
  const [name, setName] = useState('');
  const [description, setDescription] = useState('');
  const [chosen, choose] = useState<readonly string[]>([]);
  const servers = useRead('GET /api/v1/servers', {}, { enabled: isOpen }).data?.items ?? [];
  const create = useChange('POST /api/v1/namespaces', { done: (made) => void navigate({ to: '/namespaces/$name', params: { name: made.name } } as never), refused: () => undefined });
  const submit = (): void => create.run({ body: { name, config: { servers: chosen, ...(description !== '' && { description }) } } });
  const footer = (
    <>
      <Button onClick={close}>{say('common.cancel')}</Button>
      <Button look="accent" type="submit" form={FORM} isBusy={create.isRunning} disabled={name === ''}>
        {say('namespaces.add')}
      </Button>
    </>
  );
  return (
    <SidePanel isOpen={isOpen} close={close} title={say('namespaces.add')} description={say('namespaces.lead')} footer={footer}>
      <Form id={FORM} problem={create.problem} submit={submit}>
        <TextField label={say('common.name')} help={say('common.nameHelp')} path="name" autoFocus required value={name} set={setName} />
        <TextField label={say('common.description')} help={say('namespaces.descriptionHelp')} path="description" value={description} set={setDescription} />
        <CheckList label={say('nav.servers')} options={servers.map((server) => ({ value: server.name, text: server.name, help: server.description }))} chosen={chosen} choose={choose} />
      </Form>
    </SidePanel>
  );
}
