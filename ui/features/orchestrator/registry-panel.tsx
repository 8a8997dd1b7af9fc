/** What an entry would be here, before it is anything; then it is added, or the server that is there follows it. */
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useCreateServer } from '../../api/create-server.ts';
import { useChange } from '../../api/queries.ts';
import { Button } from '../../components/button.tsx';
import { CodeBlock } from '../../components/code.tsx';
import { SidePanel } from '../../components/dialog.tsx';
import { ForeignText } from '../../components/foreign-text.tsx';
import { Form, TextField } from '../../components/form.tsx';
import { CodeField, parseJsonObject } from '../../components/json-field.tsx';
import { notify } from '../../components/notices.tsx';
import { Facts } from '../../components/page.tsx';
import { useText } from '../../texts/texts.ts';
import { OfferIn, useOffer } from './offer-in.tsx';
import type { RegistryEntry } from './shapes.ts';

const FORM = 'add-from-registry';

interface RegistryPanelProps {
  /** Undefined: closed. */
  readonly entry: RegistryEntry | undefined;
  readonly close: () => void;
  readonly mayWrite: boolean;
}

export function RegistryPanel({ entry, close, mayWrite }: RegistryPanelProps) {
  const say = useText();
  const canAdd = mayWrite && entry?.installedVersion === null;
  const footer = (
    <>
      <Button onClick={close}>{say('common.close')}</Button>
      {mayWrite && entry?.hasUpdate === true && <UpdateButton entry={entry} done={close} />}
      {canAdd && (
        <Button look="accent" type="submit" form={FORM}>
          {say('orchestrator.addServer')}
        </Button>
      )}
    </>
  );
  const title = entry === undefined || entry.title !== '' ? entry?.title : entry.name;
  return (
    <SidePanel isOpen={entry !== undefined} close={close} title={<ForeignText>{title}</ForeignText>} description={<ForeignText>{entry?.description}</ForeignText>} footer={footer}>
      {entry !== undefined && (
        <div className="grid gap-5">
          <About entry={entry} />
          {canAdd ? <AddFields key={entry.name} entry={entry} /> : <CodeBlock text={JSON.stringify(entry.config, null, 2)} label={say('common.configuration')} />}
        </div>
      )}
    </SidePanel>
  );
}

function About({ entry }: { readonly entry: RegistryEntry }) {
  const say = useText();
  return (
    <>
      <Facts
        facts={[
          [say('orchestrator.registryName'), <ForeignText key="name">{entry.name}</ForeignText>],
          [say('orchestrator.version'), <ForeignText key="version">{entry.version ?? '–'}</ForeignText>],
          [say('orchestrator.here'), <ForeignText key="here">{entry.installedVersion ?? '–'}</ForeignText>],
        ]}
      />
      {entry.warnings.length > 0 && (
        <ul className="grid gap-1 rounded-md bg-warn-wash px-4 py-3 text-warn">
          {entry.warnings.map((warning) => (
            <li key={warning}>
              <ForeignText>{warning}</ForeignText>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

function AddFields({ entry }: { readonly entry: RegistryEntry }) {
  const say = useText();
  const navigate = useNavigate();
  const offer = useOffer();
  const [name, setName] = useState(entry.server);
  const [text, setText] = useState(JSON.stringify(entry.config, null, 2));
  const create = useCreateServer(() => {
    notify(say('orchestrator.added', { name }));
    void navigate({ to: '/servers/$name', params: { name } } as never);
  });
  const config = parseJsonObject(text);
  return (
    <Form id={FORM} problem={create.problem} submit={() => config !== undefined && create.run({ name, config: { ...config }, namespace: offer.name })} className="grid gap-4 border-t border-line pt-5">
      <TextField label={say('common.name')} help={say('common.nameHelp')} path="name" required value={name} set={setName} />
      <CodeField label={say('common.configuration')} help={say(config === undefined ? 'common.notJsonObject' : 'orchestrator.registryConfigHelp')} value={text} set={setText} />
      <OfferIn offer={offer} />
    </Form>
  );
}

/** What names the package or the address; the values of variables stay as somebody set them. */
const FOLLOWED = ['command', 'args', 'url'] as const;

function UpdateButton({ entry, done }: { readonly entry: RegistryEntry; readonly done: () => void }) {
  const say = useText();
  const update = useChange('PATCH /api/v1/servers/{name}', {
    done: () => {
      notify(say('orchestrator.updated', { name: entry.server, version: entry.version ?? '' }));
      done();
    },
  });
  const config = Object.fromEntries(FOLLOWED.flatMap((field) => (field in entry.config ? [[field, entry.config[field]]] : [])));
  return (
    <Button look="accent" icon="refresh" isBusy={update.isRunning} onClick={() => update.run({ params: { name: entry.server }, body: { config } })}>
      {say('orchestrator.update', { version: entry.version ?? '' })}
    </Button>
  );
}
