import { useState } from 'react';
import { useMay } from '../../api/me.ts';
import { useChange, useRead } from '../../api/queries.ts';
import { Button } from '../../components/button.tsx';
import { CheckList } from '../../components/check-list.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { Form, SelectField, TextField } from '../../components/form.tsx';
import { useText } from '../../texts/texts.ts';
import { SecretOnce } from './secret-once.tsx';

const FORM = 'new-key';
const DAY_MS = 86_400_000;
const DAYS = ['', '7', '30', '90', '365'] as const;

export function NewKey({ isOpen, close }: { readonly isOpen: boolean; readonly close: () => void }) {
  const say = useText();
  const [value, setValue] = useState<string>();
  const end = (): void => {
    setValue(undefined);
    close();
  };
  return (
    <Dialog
      isOpen={isOpen}
      close={end}
      title={say('keys.add')}
      footer={
        value === undefined ? (
          <>
            <Button onClick={end}>{say('common.cancel')}</Button>
            <Button look="accent" type="submit" form={FORM}>
              {say('keys.make')}
            </Button>
          </>
        ) : (
          <Button look="accent" onClick={end}>
            {say('keys.kept')}
          </Button>
        )
      }
    >
      {value === undefined ? <Fields made={setValue} /> : <SecretOnce value={value} />}
    </Dialog>
  );
}

function Fields({ made }: { readonly made: (value: string) => void }) {
  const say = useText();
  const [name, setName] = useState('');
  const [chosen, choose] = useState<readonly string[]>([]);
  const [days, setDays] = useState<string>('');
  const [visibility, setVisibility] = useState<string>('public');
  const mayPublic = useMay('public:write');
  const endpoints = useRead('GET /api/v1/endpoints').data?.items ?? [];
  const create = useChange('POST /api/v1/keys', { done: ({ value }) => made(value), refused: () => undefined });
  const submit = (): void =>
    create.run({
      body: {
        name,
        endpoints: [...chosen],
        expiresAt: days === '' ? null : new Date(Date.now() + Number(days) * DAY_MS).toISOString(),
        ...(mayPublic && { visibility: visibility === 'private' ? 'private' : 'public' }),
      },
    });
  return (
    <Form id={FORM} problem={create.problem} submit={submit}>
      <TextField label={say('common.name')} help={say('keys.nameHelp')} path="name" autoFocus required value={name} set={setName} />
      <CheckList label={say('keys.whichEndpoints')} options={endpoints.map((each) => ({ value: each.name, text: each.name, help: each.mcpUrl }))} chosen={chosen} choose={choose} />
      <SelectField label={say('keys.expires')} path="expiresAt" value={days} set={setDays} options={DAYS.map((each) => ({ value: each, label: each === '' ? say('keys.never') : say('keys.inDays', { count: Number(each) }) }))} />
      {mayPublic && (
        <SelectField
          label={say('keys.whose')}
          help={say('keys.whoseHelp')}
          value={visibility}
          set={setVisibility}
          options={[
            { value: 'public', label: say('keys.shared') },
            { value: 'private', label: say('keys.private') },
          ]}
        />
      )}
    </Form>
  );
}
